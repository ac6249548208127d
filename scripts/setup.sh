#!/bin/sh
# Makes this machine able to build (`run`) or to build and test (`test`) the project; says what it does, names what is
# missing. Owns the list of system packages. Touches nothing outside the package manager; a second run changes nothing.
#
#   scripts/setup.sh run|test
set -eu

purpose=${1:-run}
swift_least=6.2

# What each package is for:
#   g++                                          linker, C library headers, C++ runtime: what Swift links against
#   libcurl4 libxml2 libncurses6 libedit2 libsqlite3-0 tzdata    what the Swift toolchain itself loads
#   libssl-dev zlib1g-dev libsqlite3-dev libqrcodegen-dev        HMAC and hashes, CRC, the store, QR codes
#   git ca-certificates                          SwiftPM fetches the packages named in Package.swift
run_packages="make g++ libcurl4 libxml2 libncurses6 libedit2 libsqlite3-0 tzdata
    libssl-dev zlib1g-dev libsqlite3-dev libqrcodegen-dev git ca-certificates"
#   python3 python3-venv chromium fonts-dejavu-core    the browser tests: Playwright drives Debian's Chromium
test_packages="python3 python3-venv chromium fonts-dejavu-core"

case $purpose in
run) packages=$run_packages ;;
test) packages="$run_packages $test_packages" ;;
*)
    echo "usage: scripts/setup.sh run|test" >&2
    exit 2
    ;;
esac

say() { echo "set-up: $*"; }

install_packages() {
    # Names and what they provide, so that a renamed package (libcurl4t64 provides libcurl4) counts.
    installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' | sed -n 's/^installed //p' |
        sed 's/([^)]*)//g' | tr ',\n' '  ') "
    missing=""
    for package in $packages; do
        case $installed in
        *" $package "*) ;;
        *) missing="$missing $package" ;;
        esac
    done
    if [ -z "$missing" ]; then
        say "system packages: all there"
        return
    fi
    say "missing system packages:$missing"
    if [ "$(id -u)" = 0 ]; then
        as_root="env"
    elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        as_root="sudo env"
    else
        say "cannot install them without root. Run this once, then try again:"
        echo "    apt-get update && apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    say "installing them with apt-get"
    $as_root DEBIAN_FRONTEND=noninteractive apt-get update -q
    # shellcheck disable=SC2086 # the list is meant to split
    $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        -o DPkg::Lock::Timeout=300 $missing
}

check_swift() {
    swift=$("$(dirname "$0")/find-swift.sh")
    if [ -z "$swift" ]; then
        say "Swift $swift_least or later is missing (looked on PATH, in /opt/swift and in swiftly's folder)."
        say "Get it from https://www.swift.org/install/linux/ and put its usr/bin on PATH, or unpack it to /opt/swift."
        exit 1
    fi
    if ! text=$("$swift" --version 2>&1); then
        say "$swift does not start:"
        echo "$text" >&2
        exit 1
    fi
    version=$(echo "$text" | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    if [ "$(printf '%s\n%s\n' "$swift_least" "$version" | sort -V | head -n 1)" != "$swift_least" ]; then
        say "Swift $version at $swift is too old: $swift_least or later, see https://www.swift.org/install/linux/"
        exit 1
    fi
    say "Swift $version at $swift"
}

if command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1; then
    install_packages
else
    say "no apt-get here: please see that the equivalents of these Debian packages are installed:"
    echo "    $packages" | tr -s ' \n' ' '
    echo
fi
check_swift
