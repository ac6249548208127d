#!/bin/sh
# Runs every fuzzer under Tests/Fuzz, one after the other, each for the given number of seconds.
#
#   scripts/fuzz.sh SECONDS
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
# The fuzzers are built by swiftc directly, which lies beside swift.
PATH=$(dirname "$(scripts/find-swift.sh)"):$PATH
export PATH

for file in Tests/Fuzz/Fuzz*.swift; do
    [ -f "$file" ] || { scripts/say.sh "no fuzzers under Tests/Fuzz"; exit 1; }
    target=$(basename "$file" .swift)
    scripts/say.sh "fuzzing $target for $seconds s"
    sh Tests/Fuzz/run.sh "$target" "$seconds"
done
