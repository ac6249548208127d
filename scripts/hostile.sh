#!/bin/sh
# Attacks on a built server: floods, slow and silent peers, hostile requests, guesses, comings and goings.
#
#   scripts/hostile.sh quick|all [NAME …]     the node is $LIVESERVER_BIN, else the debug build
set -eu
cd "$(dirname "$0")/.."
which=${1:-quick}
[ $# -eq 0 ] || shift
case $which in
quick) timeout 600 python3 Tests/Hostile/hostile.py "$@" ;;
all)
    timeout 3000 python3 Tests/Hostile/hostile.py --all --seconds 5 "$@"
    timeout 300 python3 Tests/Hostile/descriptors.py
    ;;
*)
    sed -n 2,4p "$0"
    exit 2
    ;;
esac
