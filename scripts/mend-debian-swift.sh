#!/bin/sh
# Adds what Debian's swiftlang 6.2 forgot, without which no test links; needs root. Other toolchains are left alone.
#
#   scripts/mend-debian-swift.sh tests|sanitizers [SWIFT]
#
# - tests: the module that joins Testing and Foundation comes without its library. Nothing here uses it: an empty one
#   will do. `make test` does this by itself.
# - sanitizers: their runtimes name the size of `struct termio`, which the C library has no more. Changes files of the
#   package, so nothing does it by itself but continuous integration in a Debian of its own.
set -eu

what=${1:-}
case $what in
tests | sanitizers) shift ;;
*)
    echo "usage: scripts/mend-debian-swift.sh tests|sanitizers [SWIFT]" >&2
    exit 2
    ;;
esac
swift=${1:-$("$(dirname "$0")/find-swift.sh")}
usr=$(dirname "$(dirname "$(readlink -f "$swift")")")
overlay=_Testing_Foundation

lacks_overlay() {
    [ -d "$usr/lib/swift/linux/$overlay.swiftmodule" ] && ! [ -e "$usr/lib/swift/linux/lib$overlay.so" ] &&
        ! [ -e "/usr/local/lib/lib$overlay.a" ]
}

symbol=_ZN11__sanitizer16struct_termio_szE
runtimes=$(echo "$usr"/lib/clang/*/lib/linux/libclang_rt.[at]san-x86_64.a)
lacks_size() {
    [ -e "$1" ] && command -v nm >/dev/null 2>&1 && nm "$1" 2>/dev/null | grep -q "U $symbol" &&
        ! nm "$1" 2>/dev/null | grep -q "[A-TV-Z] $symbol"
}

if [ "$what" = tests ]; then
    if ! lacks_overlay; then exit 0; fi
    echo "mend: an empty lib$overlay into /usr/local/lib"
    ar crs "/usr/local/lib/lib$overlay.a" || {
        echo "mend: run \"ar crs /usr/local/lib/lib$overlay.a\" as root, then try again" >&2
        exit 1
    }
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for runtime in $runtimes; do
    if ! lacks_size "$runtime"; then continue; fi
    echo "mend: the size of struct termio into $runtime"
    # Four u16, a byte and eight of controls: 17 (asm-generic/termios.h), padded to 18.
    printf 'namespace __sanitizer { extern const unsigned struct_termio_sz; const unsigned struct_termio_sz = 18; }\n' \
        >"$work/termio.cpp"
    g++ -c -O2 -fPIC "$work/termio.cpp" -o "$work/termio_sz.o"
    ar r "$runtime" "$work/termio_sz.o"
done
