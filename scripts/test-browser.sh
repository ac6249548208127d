#!/bin/sh
# Runs the browser tests against a real server; says so where they cannot run. A skipped run is not a failure on a
# machine without Chromium, unless REQUIRE_BROWSER=1.
#
#   scripts/test-browser.sh SWIFT
set -eu
cd "$(dirname "$0")/.."
swift=$1

skip() {
    scripts/say.sh "browser tests not run: $1"
    [ "${REQUIRE_BROWSER:-0}" = 1 ] && exit 1
    exit 0
}

[ -f Tests/Browser/run.sh ] || skip "Tests/Browser/run.sh is not there"
command -v chromium >/dev/null 2>&1 || skip "no chromium on PATH"
server=${LIVESERVER_BIN:-$("$swift" build --show-bin-path)/liveserver}
[ -x "$server" ] || skip "no server at $server"
scripts/say.sh "running the browser tests against $server"
LIVESERVER_BIN=$server exec sh Tests/Browser/run.sh
