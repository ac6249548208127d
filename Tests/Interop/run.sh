#!/bin/sh
# Sets up what the client libraries need (a virtual environment, programs of C, Go and Java), then runs them against
# the server, or the server behind the proxies. Packages of the system come from scripts/setup.sh interop.
#
#   Tests/Interop/run.sh [libraries [NAME…] | proxies]      $LIVESERVER_BIN, else the debug build
set -eu
cd "$(dirname "$0")"
venv=.venv-interop
what=${1:-libraries}
[ $# -eq 0 ] || shift

if ! [ -x "$venv/bin/python" ] || ! cmp -s requirements.txt "$venv/requirements.txt"; then
    ../../scripts/say.sh "setting up the client libraries from PyPI in Tests/Interop/$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
    cp requirements.txt "$venv/requirements.txt"
fi

# newer SOURCE BUILT: whether it must be built again.
newer() { ! [ -e "built/$2" ] || [ "clients/$1" -nt "built/$2" ]; }

build_programs() {
    mkdir -p built
    if newer ws_lws.c ws_lws; then cc -O1 -Wall -Wextra clients/ws_lws.c -o built/ws_lws -lwebsockets -lpthread; fi
    for name in ws_gorilla ws_nhooyr ws_xnet sse_go; do
        if newer $name.go $name; then
            GOPATH=/usr/share/gocode GO111MODULE=off GOFLAGS= go build -o built/$name clients/$name.go
        fi
    done
    for name in JavaSocket JavaEvents; do
        if newer $name.java $name.class; then javac -d built clients/$name.java; fi
    done
}

case $what in
libraries)
    ../../scripts/say.sh "building the programs of C, Go and Java"
    build_programs || ../../scripts/say.sh "not all could be built; their libraries are left out"
    if [ $# -eq 0 ]; then set -- --page ../../Docs/interop.md; fi
    exec "$venv/bin/python" interop.py "$@"
    ;;
proxies) exec "$venv/bin/python" proxies.py "$@" ;;
*)
    sed -n 2,6p "$0"
    exit 2
    ;;
esac
