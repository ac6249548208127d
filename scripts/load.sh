#!/bin/sh
# Runs a lesson against a server started for it, and leaves the report.
#
#   scripts/load.sh SWIFT CONFIGURATION PEOPLE [arguments of `liveload lesson`]
#
# LOAD_REPORT   where the page goes (default: load-report.html in the current folder; the JSON beside it)
set -eu
cd "$(dirname "$0")/.."
swift=$1
configuration=$2
people=$3
shift 3
report=${LOAD_REPORT:-load-report.html}

scripts/say.sh "building liveload ($configuration)"
"$swift" build -c "$configuration" --product liveload
folder=$(mktemp -d)
server=
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' INT TERM

".build/$configuration/liveserver" serve --port 0 --data-dir "$folder/data" --log-level warning >"$folder/out" &
server=$!
tries=0
until url=$(sed -n 's/^listening on //p' "$folder/out") && [ -n "$url" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
        echo "load.sh: the server does not listen" >&2
        exit 1
    fi
    sleep 0.1
done
scripts/say.sh "a lesson of $people people against $url"
status=0
".build/$configuration/liveload" lesson --url "$url" --people "$people" --server-pid "$server" \
    --html "$report" --json "${report%.html}.json" "$@" || status=$?
scripts/say.sh "the report is $report"
exit "$status"
