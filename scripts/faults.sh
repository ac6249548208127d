#!/bin/bash
# Runs the fault programs under Tests/Faults against a built server; each prints what it promises and whether it held.
#
#   scripts/faults.sh      $LIVESERVER_BIN, else the debug build
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0
for program in busy kill disk slow; do
    scripts/say.sh "faults: $program"
    timeout 600 python3 "Tests/Faults/$program.py" || failed=1
done
exit $failed
