#!/bin/bash
# Builds with AddressSanitizer and ThreadSanitizer, runs the tests of every library under each, then a busy class of 200
# people against the server itself. Ends with a line for each part; exits 1 if one failed.
#
#   scripts/sanitize.sh [address|thread|all] [SECONDS]     SECONDS of the busy class, 30
set -uo pipefail
cd "$(dirname "$0")/.."
which=${1:-all}
seconds=${2:-30}
suites=${SUITES:-LiveIOTests LiveProtocolTests RoomsTests RoomsStoreTests LiveServerTests}
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
    "$swift" build --build-tests --sanitize="$sanitizer" --scratch-path "$scratch" || { failed=1; return; }
    mkdir -p "$logs"
    for suite in $suites; do
        scripts/say.sh "$sanitizer: $suite"
        timeout 1800 "$swift" test --skip-build --sanitize="$sanitizer" --scratch-path "$scratch" \
            --filter "^$suite\\." >"$logs/$suite.log" 2>&1
        note $? "$sanitizer $suite" "$logs/$suite.log"
    done
    scripts/say.sh "$sanitizer: a busy class"
    LIVESERVER_BIN=$PWD/$scratch/debug/liveserver timeout 600 python3 Tests/Faults/busy.py "$seconds" 200 \
        >"$logs/busy.log" 2>&1
    note $? "$sanitizer busy class of 200" "$logs/busy.log"
}

case $which in
    address) run address .build-asan ;;
    thread) run thread .build-tsan ;;
    all) run address .build-asan; run thread .build-tsan ;;
    *) sed -n 2,6p "$0"; exit 2 ;;
esac
printf '%s\n' "${summary[@]}"
exit $failed
