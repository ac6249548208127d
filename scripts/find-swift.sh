#!/bin/sh
# Prints the path of the `swift` command to use: $SWIFT, else PATH, else the usual places; nothing where there is none.
set -eu

for candidate in "${SWIFT:-}" "$(command -v swift || true)" /opt/swift/usr/bin/swift \
    "$HOME/.local/share/swiftly/bin/swift" /usr/local/swift/usr/bin/swift; do
    if [ -n "$candidate" ] && [ -x "$candidate" ]; then
        echo "$candidate"
        exit 0
    fi
done
