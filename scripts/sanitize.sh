#!/bin/bash
# Builds with AddressSanitizer and ThreadSanitizer, runs every suite under each, then a busy class of 200 people and a
# few attacks against the server itself. Ends with a line for each part; exits 1 if one failed.
#
#   scripts/sanitize.sh [address|thread|all] [SECONDS]     SECONDS of the busy class, 30
#   scripts/sanitize.sh server [SECONDS]                   the server alone under both, without the suites: minutes
#                                                          instead of an hour, for continuous integration
set -uo pipefail
cd "$(dirname "$0")/.."
which=${1:-all}
seconds=${2:-30}
suites=${SUITES:-LiveIOTests LiveProtocolTests LiveKeysTests RoomsTests RoomsStoreTests RoomsBackplaneTests
    LiveServerTests FuzzTests IntegrationTests}
attacks="floods.pings floods.chats floods.bombs floods.fragments slow.resets slow.half requests.refusals crowds.rooms"
people=200
swift=$(scripts/find-swift.sh)
summary=()
failed=0

# Swift's own backtraces would come before the sanitizer's report and hide it.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=1:halt_on_error=1:detect_stack_use_after_return=1
export LSAN_OPTIONS=suppressions=$PWD/Tests/Sanitizers/lsan.supp:print_suppressions=0
export TSAN_OPTIONS=suppressions=$PWD/Tests/Sanitizers/tsan.supp:halt_on_error=0:exitcode=66

# note RC NAME LOG: keeps a line for the end.
note() {
    local reports
    reports=$(grep -c -E 'WARNING: ThreadSanitizer|ERROR: (Address|Leak)Sanitizer' "$3")
    if [ "$1" -ne 0 ] || [ "$reports" -ne 0 ]; then
        failed=1
        summary+=("FAIL  $2 (status $1, $reports reports, see $3)")
    else
        summary+=("ok    $2: $(grep -o 'Test run with .*' "$3" | tail -n 1 || true)")
    fi
}

run() {
    local sanitizer=$1 scratch=$2 logs suite
    logs=$scratch/logs
    scripts/say.sh "building with the $sanitizer sanitizer; the first build takes about ten minutes"
    # shellcheck disable=SC2086 # one word or two
    "$swift" build $what --sanitize="$sanitizer" --scratch-path "$scratch" || {
        failed=1
        summary+=("FAIL  $sanitizer: the build")
        return
    }
    mkdir -p "$logs"
    for suite in $suites; do
        scripts/say.sh "$sanitizer: $suite"
        timeout 1800 "$swift" test --skip-build --sanitize="$sanitizer" --scratch-path "$scratch" \
            --filter "^$suite\\." >"$logs/$suite.log" 2>&1
        note $? "$sanitizer $suite" "$logs/$suite.log"
    done
    scripts/say.sh "$sanitizer: a busy class"
    LIVESERVER_BIN=$PWD/$scratch/debug/liveserver timeout 600 python3 Tests/Faults/busy.py "$seconds" "$people" \
        >"$logs/busy.log" 2>&1
    note $? "$sanitizer busy class of $people" "$logs/busy.log"
    scripts/say.sh "$sanitizer: attacks"
    # A sanitizer's build is some ten times slower and keeps memory: this is not about either.
    # shellcheck disable=SC2086 # a list of names
    HOSTILE_SLOWNESS=20 LIVESERVER_BIN=$PWD/$scratch/debug/liveserver timeout 900 python3 Tests/Hostile/hostile.py \
        $attacks >"$logs/hostile.log" 2>&1
    note $? "$sanitizer attacks" "$logs/hostile.log"
}

what=--build-tests
case $which in
    server)
        what="--product liveserver" suites="" people=60
        run address .build-asan
        run thread .build-tsan
        ;;
    address) run address .build-asan ;;
    thread) run thread .build-tsan ;;
    all) run address .build-asan; run thread .build-tsan ;;
    *) sed -n 2,9p "$0"; exit 2 ;;
esac
printf '%s\n' "${summary[@]}"
exit $failed
