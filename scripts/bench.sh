#!/bin/bash
# Measures this server against the limit program and the peers that are installed, all in one interleaved run.
# The comparison tools stand outside the repository; nothing of them is needed to build, run or test.
#
#   scripts/bench.sh FOLDER     folder with compare.py, wsload.c, peers/
#   BENCH_SCENARIOS, BENCH_PEERS, BENCH_ROUNDS choose what is run; BENCH_BIN where built tools are.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$1

if [ ! -f "$tools/compare.py" ]; then
    scripts/say.sh "no compare.py in '$tools': name the comparison tools' folder, as in make bench BENCH=/path/to/it"
    exit 1
fi
command -v python3 >/dev/null 2>&1 || { scripts/say.sh "python3 is missing: apt-get install python3"; exit 1; }
tools=$(cd "$tools" && pwd)
# The tools' own folder may be read-only: what is built and logged goes under .build/bench.
export BENCH_BIN=${BENCH_BIN:-$PWD/.build/bench}
export BENCH_RUN=${BENCH_RUN:-$PWD/.build/bench/run}
export LIVESERVER_BIN=${LIVESERVER_BIN:-$PWD/.build/release/liveserver}
mkdir -p "$BENCH_BIN" "$BENCH_RUN"
if [ ! -x "$BENCH_BIN/wsload" ] || [ ! -x "$BENCH_BIN/limit" ]; then
    scripts/say.sh "building the load generator and the limit program into $BENCH_BIN"
    make -C "$tools" OUT="$BENCH_BIN" TLS=1 DEFLATE=1 "$BENCH_BIN/wsload" "$BENCH_BIN/limit"
fi

peers=${BENCH_PEERS:-limit,limit-batch}
if [ -z "${BENCH_PEERS:-}" ]; then
    if [ -f /usr/lib/nginx/modules/ngx_nchan_module.so ]; then peers=$peers,nchan; fi
    if [ -x "$BENCH_BIN/nio_rooms" ]; then peers=$peers,nio; fi
fi
scenarios=${BENCH_SCENARIOS:-fan_w1,fan_w8,fan_w64,rooms50,fan_paced,sse_w1,sse_w8,storm2k,storm10k,idle18k,echo16}
scripts/say.sh "comparing with $peers: some seconds a server, scenario and round; ${BENCH_ROUNDS:-3} rounds"
exec python3 "$tools/compare.py" --candidate LoadTests/candidate.json --peers "$peers" \
    --scenarios "$scenarios" --rounds "${BENCH_ROUNDS:-3}" --out .build/bench/runs.jsonl
