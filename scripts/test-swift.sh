#!/bin/sh
# Builds everything once (tests and the server the browser tests start), then runs every Swift test.
#
#   scripts/test-swift.sh SWIFT
set -eu
cd "$(dirname "$0")/.."
swift=$1

scripts/say.sh "building server and tests (debug); the first build takes some minutes"
"$swift" build --build-tests
scripts/say.sh "running the Swift tests"
# One at a time: many tests start servers of several threads and measure what they do, and would disturb each other.
"$swift" test --skip-build --no-parallel
