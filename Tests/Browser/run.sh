#!/bin/sh
# Runs the browser tests: makes the virtual environment on first use, then pytest against a real liveserver in
# Debian's Chromium. Arguments go to pytest. Environment: LIVESERVER_BIN (default .build/debug/liveserver), CHROMIUM.
set -eu

cd "$(dirname "$0")"
venv=.venv-browser

if ! command -v "${CHROMIUM:-chromium}" >/dev/null 2>&1; then
    echo "The browser tests need Chromium: apt-get install -y chromium" >&2
    exit 1
fi
if ! [ -x "$venv/bin/pytest" ] || ! cmp -s requirements.txt "$venv/requirements.txt"; then
    echo "Setting up the browser tests (Python packages from PyPI into Tests/Browser/.venv-browser)"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
    cp requirements.txt "$venv/requirements.txt"
fi
exec "$venv/bin/pytest" -q "$@"
