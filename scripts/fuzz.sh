#!/bin/sh
# Runs the fuzzers: every reader of strangers' bytes under libFuzzer and AddressSanitizer, one after the other.
#
#   scripts/fuzz.sh SECONDS [TARGET…]      SECONDS for each; 0: only the kept inputs. Without a TARGET, all.
#
# What is found interesting stays under .build-fuzz/corpus and is gone on from the next time. An input that breaks a
# promise is named at the end and lies under .build-fuzz/found: fix the cause and keep the input under
# Tests/Fuzz/corpus, where every test run reads it.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -eq 0 ] || shift
swift=$(scripts/find-swift.sh)
work=.build-fuzz

scripts/say.sh "building the fuzzers (optimised, with AddressSanitizer); the first build takes some minutes"
LIVECLASSROOM_FUZZ=1 "$swift" build --product livefuzz --scratch-path "$work" \
    --sanitize=fuzzer -Xswiftc -sanitize=fuzzer,address -Xswiftc -O

targets=${*:-$(ls Tests/Fuzz/corpus)}
# Without this Swift's own handler comes first and libFuzzer writes no input.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=${FUZZ_LEAKS:-0}
failed=""
mkdir -p "$work/found" "$work/logs"
for target in $targets; do
    mkdir -p "$work/corpus/$target"
    if [ "$seconds" -eq 0 ]; then bound="-runs=0"; else bound="-max_total_time=$seconds"; fi
    dictionary="Tests/Fuzz/dictionaries/$target.dict"
    [ -f "$dictionary" ] && dictionary="-dict=$dictionary" || dictionary=""
    log="$work/logs/$target.log"
    # shellcheck disable=SC2086 # an absent dictionary is no argument
    if FUZZ_TARGET=$target "$work/debug/livefuzz" $bound $dictionary -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$work/found/$target-" "$work/corpus/$target" \
        "Tests/Fuzz/corpus/$target" >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
        edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
        printf 'ok    %-14s %s s, %s inputs (%s/s), %s edges\n' "$target" "$seconds" "$runs" "$rate" "$edges"
    else
        failed="$failed $target"
        printf 'FAIL  %-14s see %s\n' "$target" "$log"
        grep -E 'recondition failed|Fatal error|SUMMARY|Test unit written' "$log" || tail -n 5 "$log"
    fi
done
[ -z "$failed" ] || { scripts/say.sh "broken promises:$failed"; exit 1; }
