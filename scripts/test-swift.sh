#!/bin/sh
# Builds everything once (tests and the server the browser tests start), then runs every Swift test.
#
#   scripts/test-swift.sh SWIFT
#
# One process after another, not one for all: tests that wait for a real server or a locked database hold the few
# threads of a small machine, and others would run out of their time before they had begun.
set -eu
cd "$(dirname "$0")/.."
swift=$1

scripts/say.sh "building server and tests (debug); the first build takes some minutes"
"$swift" build --build-tests
# The JSON reader's tests read a suite that is not ours to keep; without a network they go on without it.
scripts/json-suite.sh || true
failed=""
# What failed is told once more at the end: hundreds of lines of what passed come behind it.
log=$(mktemp -d)
: >"$log/lines"
trap 'rm -rf "$log"' EXIT
# run NAME ARGUMENT...: `swift test` with these arguments; its output is shown and kept.
run() {
    name=$1
    shift
    { "$swift" test --skip-build "$@" 2>&1 || echo "$name" >>"$log/groups"; } | tee "$log/out"
    grep -E "✘|Fatal error|unexpected signal|rror: Exited" "$log/out" | sed "s/^/$name: /" >>"$log/lines" || true
}
groups="LiveIOTests|LiveProtocolTests|LiveKeysTests|RoomsTests|TidyTests FuzzTests RoomsStoreTests|RoomsBackplaneTests
    LiveServerTests SimulationTests IntegrationTests LoadTests"
# Nothing is left out by being forgotten here.
for target in $(grep -A 1 'testTarget(' Package.swift | sed -n 's/.*name: "\([A-Za-z]*\)".*/\1/p'); do
    echo "$groups" | tr '| ' '\n\n' | grep -qx "$target" || failed="$failed $target(in-no-group)"
done
for group in $groups; do
    scripts/say.sh "running $group"
    run "$group" --filter "^($group)\\."
done
scripts/say.sh "running the transports once more, over TLS"
export LIVE_TEST_TLS=1
run TLS --filter '^IntegrationTests\.(TransportTests|SlowReaderTests|ResumeTests|FramingTests|HTTPTests|CommandTests)'
if [ -s "$log/groups" ]; then
    failed="$failed $(tr '\n' ' ' <"$log/groups")"
fi
if [ -n "$failed" ]; then
    scripts/say.sh "failed:$failed"
    head -n 100 "$log/lines"
    exit 1
fi
