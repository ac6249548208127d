#!/bin/sh
# Builds one libFuzzer target together with the sources of LiveProtocol and runs it for a bounded time.
#
#   Tests/Fuzz/run.sh FuzzHTTP|FuzzFrame|FuzzJSON SECONDS     (0: only the kept inputs)
#
# Inputs that it finds interesting stay under .build/fuzz; one that breaks a promise is named at the end: fix the
# cause and keep the input under Tests/Fuzz/corpus and in a test.
set -eu

target=${1:?target: FuzzHTTP, FuzzFrame or FuzzJSON}
seconds=${2:?seconds}
cd "$(dirname "$0")/../.."
work=.build/fuzz/$target
mkdir -p "$work/corpus"

swiftc -parse-as-library -swift-version 6 -O -g -assert-config Debug -sanitize=fuzzer,address -use-ld=lld \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault \
    -enable-upcoming-feature MemberImportVisibility \
    -package-name LiveClassroom -module-name "$target" -I Sources/LiveServer/COpenSSL -I Sources/LiveServer/CZlib \
    $(find Sources/LiveServer/Protocol -name '*.swift') "Tests/Fuzz/$target.swift" -o "$work/$target"

# Without SWIFT_BACKTRACE=enable=no Swift's own handler comes first and libFuzzer writes no input.
export SWIFT_BACKTRACE=enable=no
if [ "$seconds" -eq 0 ]; then bound="-runs=0"; else bound="-max_total_time=$seconds"; fi
dictionary=
[ -f "Tests/Fuzz/$target.dict" ] && dictionary="-dict=Tests/Fuzz/$target.dict"
exec "$work/$target" $bound $dictionary -max_len=2048 -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$work/" "$work/corpus" "Tests/Fuzz/corpus/$target"
