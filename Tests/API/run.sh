#!/bin/sh
# Runs the tests of the API documents: makes the virtual environment on first use, then pytest against a real
# liveserver. Arguments go to pytest. Environment: LIVESERVER_BIN (default .build/debug/liveserver).
set -eu

cd "$(dirname "$0")"
venv=.venv-api

if ! [ -x "$venv/bin/pytest" ] || ! cmp -s requirements.txt "$venv/requirements.txt"; then
    echo "Setting up the API tests (Python packages from PyPI into Tests/API/.venv-api)"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
    cp requirements.txt "$venv/requirements.txt"
fi
exec "$venv/bin/pytest" -q "$@"
