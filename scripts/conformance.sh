#!/bin/bash
# Runs the Autobahn suite against a server of our own on a free port, with --enable-echo. Passes when every case is OK:
# neither FAILED nor NON-STRICT nor with a bad close. (Three cases have no verdict and are INFORMATIONAL everywhere.)
#
#   scripts/conformance.sh FOLDER [ws|wss|both] [--quick|--core|--full|--cases '1.*,9.*']   folder with autobahn.sh
#
# wss: with a certificate made for the run.
# Environment: LIVESERVER_BIN, CONFORMANCE_REPORTS (folder to keep reports in).
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$1
shift
schemes=ws
case ${1:-} in
    ws | wss) schemes=$1; shift ;;
    both) schemes="ws wss"; shift ;;
esac
if [ $# -gt 0 ]; then mode=("$@"); else mode=("${AUTOBAHN_MODE:---quick}"); fi
# The whole suite in parts, each with its own time: one that is cut off on a slow machine has no report.
parts=("${mode[*]}")
if [ "${mode[*]}" = --full ]; then
    parts=("--cases 1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*" "--cases 12.1.*,12.2.*,12.3.*" "--cases 12.4.*,12.5.*"
        "--cases 13.1.*,13.2.*,13.3.*,13.4.*" "--cases 13.5.*,13.6.*,13.7.*")
fi

if [ ! -f "$tools/autobahn.sh" ]; then
    scripts/say.sh "no autobahn.sh in '$tools': give its folder, as in make conformance AUTOBAHN=/path/to/autobahn"
    exit 1
fi
work=$(mktemp -d)
server=""
stop() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    server=""
}
trap 'stop; rm -rf "$work"' EXIT

# start SCHEME: runs a server and sets `address`.
start() {
    local scheme=$1 options=() port=""
    if [ "$scheme" = wss ]; then
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 \
            -keyout "$work/key.pem" -out "$work/certificate.pem" 2>"$work/openssl"
        chmod 600 "$work/key.pem"
        options=(--set "tls.certificate=$work/certificate.pem" --set "tls.key=$work/key.pem")
    fi
    "${LIVESERVER_BIN:-.build/release/liveserver}" serve --enable-echo --port 0 --data-dir "$work/data-$scheme" \
        ${options[@]+"${options[@]}"} >"$work/out" 2>"$work/log" &
    server=$!
    for _ in $(seq 100); do
        port=$(sed -n 's|^listening on https\{0,1\}://.*:\([0-9]*\)/*$|\1|p' "$work/out" | head -1)
        [ -n "$port" ] && break
        kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
        sleep 0.1
    done
    [ -n "$port" ] || { echo "the server did not say where it listens" >&2; exit 1; }
    address=$scheme://127.0.0.1:$port/echo
}

# judge CASES…: runs the suite, keeps its words, and sets `bad` to the cases that were not OK, closing included.
judge() {
    local status=0
    bash "$tools/autobahn.sh" "$address" "$@" --out "${CONFORMANCE_REPORTS:-$work/reports}" \
        | tee "$work/said" || status=$?
    bad=$(sed -n -E 's/^(FAILED|NON-STRICT|UNIMPLEMENTED|bad close only): //p' "$work/said" \
        | tr ' ' '\n' | sort -u | paste -sd, -)
    [ "$status" -eq 0 ] || [ -n "$bad" ]
}

failed=""
for scheme in $schemes; do
    start "$scheme"
    for part in "${parts[@]}"; do
        scripts/say.sh "Autobahn over $scheme: $part"
        read -r -a arguments <<<"$part"
        judge "${arguments[@]}"
        # Most cases give the server half a second in all, then drop the connection and call it unclean: on a busy
        # machine some run out of it. Alone and once more they must pass; a fault of the server stays.
        for _ in 1 2; do
            [ -z "$bad" ] && break
            scripts/say.sh "once more, alone: $bad"
            judge --cases "$bad"
        done
        [ -z "$bad" ] || failed="$failed $scheme:$bad"
    done
    stop
done
[ -z "$failed" ] || { echo "not OK:$failed"; exit 1; }
