#!/bin/sh
# Runs the tests against WebSocket implementations of others: makes the virtual environment on first use, then pytest.
# Arguments go to pytest. Environment: LIVESERVER_BIN (default .build/debug/liveserver), SEED.
set -eu

cd "$(dirname "$0")"
venv=.venv-conformance

if ! [ -x "$venv/bin/pytest" ] || ! cmp -s requirements.txt "$venv/requirements.txt"; then
    echo "Setting up the conformance tests (Python packages from PyPI into Tests/Conformance/.venv-conformance)"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
    cp requirements.txt "$venv/requirements.txt"
fi
exec "$venv/bin/pytest" -q "$@"
