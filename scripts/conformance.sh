#!/bin/bash
# Runs the Autobahn suite against a server of our own on a free port, with --enable-echo.
#
#   scripts/conformance.sh FOLDER [--quick|--core|--full]     folder with autobahn.sh
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$1
mode=${2:-${AUTOBAHN_MODE:---quick}}

if [ ! -f "$tools/autobahn.sh" ]; then
    scripts/say.sh "no autobahn.sh in '$tools': give its folder, as in make conformance AUTOBAHN=/path/to/autobahn"
    exit 1
fi
work=$(mktemp -d)
server=""
finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT

"${LIVESERVER_BIN:-.build/release/liveserver}" serve --enable-echo --port 0 --data-dir "$work/data" \
    >"$work/out" 2>"$work/log" &
server=$!
for _ in $(seq 100); do
    port=$(sed -n 's|^listening on http://.*:\([0-9]*\)/*$|\1|p' "$work/out")
    [ -n "$port" ] && break
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
[ -n "${port:-}" ] || { echo "the server did not say where it listens" >&2; exit 1; }
bash "$tools/autobahn.sh" "ws://127.0.0.1:$port/echo" "$mode"
