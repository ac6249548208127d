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
failed=""
for group in "LiveIOTests|LiveProtocolTests|RoomsTests|TidyTests" "RoomsStoreTests" "LiveServerTests" \
    "SimulationTests" "IntegrationTests" "LoadTests"; do
    scripts/say.sh "running $group"
    "$swift" test --skip-build --filter "^($group)\\." || failed="$failed $group"
done
scripts/say.sh "running the transports once more, over TLS"
LIVE_TEST_TLS=1 "$swift" test --skip-build \
    --filter '^IntegrationTests\.(TransportTests|SlowReaderTests|ResumeTests|FramingTests|HTTPTests|CommandTests)' ||
    failed="$failed TLS"
if [ -n "$failed" ]; then
    scripts/say.sh "failed:$failed"
    exit 1
fi
