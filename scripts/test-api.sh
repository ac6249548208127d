#!/bin/sh
# Runs the tests of the API documents against a real server; says so where they cannot run (no network for PyPI), which
# is a failure only with REQUIRE_API=1.
#
#   scripts/test-api.sh SWIFT
set -eu
cd "$(dirname "$0")/.."
swift=$1

skip() {
    scripts/say.sh "API tests not run: $1"
    [ "${REQUIRE_API:-0}" = 1 ] && exit 1
    exit 0
}

command -v python3 >/dev/null 2>&1 || skip "no python3 on PATH"
server=${LIVESERVER_BIN:-$("$swift" build --show-bin-path)/liveserver}
[ -x "$server" ] || skip "no server at $server"
scripts/say.sh "running the API tests against $server"
LIVESERVER_BIN=$server sh Tests/API/run.sh --collect-only >/dev/null || skip "its Python packages cannot be installed"
LIVESERVER_BIN=$server exec sh Tests/API/run.sh
