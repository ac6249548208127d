#!/bin/sh
# Makes this machine able to build (`run`) or to build and test (`test`) the project; says what it does, names what is
# missing. Owns the list of system packages. Touches nothing outside the package
# manager, but for an empty library where Debian's Swift lacks one; a second run changes nothing.
#
#   scripts/setup.sh run|test|interop|proxies     interop: client libraries of other languages
set -eu

purpose=${1:-run}
swift_least=6.2

# What each package is for:
#   g++                                          linker, C library headers, C++ runtime: what Swift links against
#   libcurl4 libxml2 libncurses6 libsqlite3-0 tzdata    what the Swift toolchain itself loads
#   libssl-dev zlib1g-dev libsqlite3-dev libqrcodegen-dev    HMAC and hashes, CRC, the store, QR codes
#   libcurl4-openssl-dev                         key sets of token issuers
#   libhiredis-dev                               the protocol of Redis
#   git ca-certificates                          SwiftPM fetches the packages named in Package.swift
run_packages="make g++ libcurl4 libxml2 libncurses6 libsqlite3-0 tzdata
    libssl-dev zlib1g-dev libsqlite3-dev libqrcodegen-dev libcurl4-openssl-dev
    libhiredis-dev git ca-certificates"
#   openssl                                      certificates and a foreign client for the TLS tests
#   python3-venv chromium fonts-dejavu-core      the browser tests: Playwright drives Debian's Chromium
#   redis-server                                 the server that the tests of the backplane start themselves
#   prometheus                                   its promtool tests the alert rules
test_packages="python3 openssl python3-venv chromium fonts-dejavu-core prometheus redis-server"
#   the rest                                     one WebSocket or event stream library of each language
interop_packages="python3 python3-venv curl gcc libwebsockets-dev nodejs node-ws node-eventsource
    golang-go golang-github-gorilla-websocket-dev golang-nhooyr-websocket-dev golang-golang-x-net-dev
    libmojolicious-perl libio-socket-ssl-perl ruby ruby-faye-websocket openjdk-17-jdk-headless"
#   nginx haproxy openssl                        the node behind either, with a certificate of the run's own
proxy_packages="python3 python3-venv nginx haproxy openssl"

case $purpose in
run | test | interop | proxies) ;;
*)
    echo "usage: scripts/setup.sh run|test|interop|proxies" >&2
    exit 2
    ;;
esac

say() { echo "set-up: $*"; }

# Prints those of the given packages that are not installed, each behind a space. Names and what they provide count, so
# that a renamed package (libcurl4t64 provides libcurl4) is recognised.
missing_of() {
    installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' | sed -n 's/^installed //p' |
        sed 's/([^)]*)//g' | tr ',\n' '  ') "
    for package in "$@"; do
        case $installed in
        *" $package "*) ;;
        *) printf ' %s' "$package" ;;
        esac
    done
}

# Installs the given packages where it may; otherwise prints the command that does, and fails.
install() {
    if [ "$(id -u)" = 0 ]; then
        as_root="env"
    elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        as_root="sudo env"
    else
        say "cannot install without root: run this once, then try again:"
        echo "    apt-get update && apt-get install --no-install-recommends $*" >&2
        return 1
    fi
    say "installing with apt-get"
    $as_root DEBIAN_FRONTEND=noninteractive apt-get update -q &&
        $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
            -o DPkg::Lock::Timeout=300 "$@"
}

# shellcheck disable=SC2046,SC2086 # lists of package names are meant to split
check_packages() {
    missing=$(missing_of $run_packages)
    [ -z "$missing" ] || say "missing to build:$missing"
    case $purpose in
    run) extra="" ;;
    test) extra=$(missing_of $test_packages) ;;
    interop) extra=$(missing_of $interop_packages) ;;
    proxies) extra=$(missing_of $proxy_packages) ;;
    esac
    [ -z "$extra" ] || say "missing for some tests:$extra"
    if [ -z "$missing$extra" ]; then
        say "system packages: all there"
        return
    fi
    [ -z "$missing" ] || install $missing || exit 1
    # Everything else can be tested without them.
    [ -z "$extra" ] || install $extra || say "going on without the tests that need them"
}

# Installs the distribution's own Swift where it is new enough: Debian's since 2026.
install_swift() {
    candidate=$(apt-cache policy swiftlang 2>/dev/null | sed -n 's/ *Candidate: \([0-9][0-9.]*\).*/\1/p')
    if [ -z "$candidate" ] || ! at_least "$candidate"; then return; fi
    say "no Swift here; the distribution has $candidate"
    install swiftlang || true
}

# Whether the version `$1` will do.
at_least() { [ "$(printf '%s\n%s\n' "$swift_least" "$1" | sort -V | head -n 1)" = "$swift_least" ]; }

check_swift() {
    swift=$("$(dirname "$0")/find-swift.sh")
    if [ -z "$swift" ] && command -v apt-cache >/dev/null 2>&1; then
        install_swift
        swift=$("$(dirname "$0")/find-swift.sh")
    fi
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
    if ! at_least "$version"; then
        say "Swift $version at $swift is too old: $swift_least or later, see https://www.swift.org/install/linux/"
        exit 1
    fi
    say "Swift $version at $swift"
}

if command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1; then
    check_packages
else
    say "no apt-get here: please see that the equivalents of these Debian packages are installed:"
    echo "    $run_packages; for the tests: $test_packages" | tr -s ' \n' ' '
    echo
fi
check_swift
[ "$purpose" = run ] || "$(dirname "$0")/mend-debian-swift.sh" tests "$swift"
