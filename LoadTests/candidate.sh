#!/bin/sh
# Starts one node for a comparison with other servers: mints the participants' tokens, takes a fresh data folder, then
# becomes the server (exec: the process id that is measured is the server's own).
#
#   LoadTests/candidate.sh PORT [arguments of `liveserver serve`]
#
# LIVESERVER_BIN       the binary (default: this checkout's release build)
# BENCH_CONFIG         the configuration (default: Config/bench.json)
# BENCH_TOKENS         where the load generator finds the tokens (default: the path in candidate.json)
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
port=$1
shift
binary=${LIVESERVER_BIN:-$root/.build/release/liveserver}
config=${BENCH_CONFIG:-$root/Config/bench.json}
tokens=${BENCH_TOKENS:-/tmp/liveserver-bench.tokens}
# As many as a process may hold connections: each connection is a participant of its own.
token_count=20000
# Younger tokens than this are used again; they live for two hours.
token_minutes=60

# Folders of earlier runs whose process (named by the folder) is gone.
for folder in "${TMPDIR:-/tmp}"/liveserver-bench.data.*; do
    [ -d "$folder" ] || continue
    kill -0 "${folder##*.}" 2>/dev/null || rm -rf "$folder"
done
data=${TMPDIR:-/tmp}/liveserver-bench.data.$$
rm -rf "$data"
mkdir -m 700 "$data"

made_for=$(printf '%s' "$binary ${LIVESERVER_TOKEN_KEY:-}" | cat - "$config" | cksum)
fresh=$(find "$tokens" -mmin -$token_minutes 2>/dev/null || true)
if [ "$(cat "$tokens.key" 2>/dev/null || true)" != "$made_for" ] || [ -z "$fresh" ]; then
    # Into a file of its own first: a reader sees all of it or nothing.
    "$binary" token --config "$config" --sub p --role student --room 'bench/load/*' --ttl 2h --count $token_count |
        awk '{ print "p" NR, $0 }' >"$data/tokens"
    if [ "$(wc -l <"$data/tokens")" -ne $token_count ]; then
        echo "candidate.sh: $binary token did not make $token_count tokens" >&2
        exit 1
    fi
    mv -f "$data/tokens" "$tokens"
    printf '%s\n' "$made_for" >"$tokens.key"
fi
exec "$binary" serve --config "$config" --port "$port" --data-dir "$data" "$@"
