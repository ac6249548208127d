#!/bin/sh
# Runs a command of the project in a fresh, minimal Debian of its own (a folder, entered by chroot), as on a machine
# that has nothing: the proof of the set-up, and the way to build where the machine itself has no Swift. Needs root.
#
#   scripts/in-debian.sh [--suite NAME] [--with FOLDER]... COMMAND [ARGUMENT...]
#
#   --suite NAME    the release; sid by default, whose packages include a Swift that is new enough
#   --with FOLDER   a folder of this machine to show there at the same path, read-only: a toolchain in /opt/swift, say
#
# The command runs on a clone of HEAD, so nothing that was built or left here helps it. What it mounts, it mounts in a
# namespace of its own, which the kernel takes away with the last process: no removal of the folder can reach through.
set -eu

usage() {
    sed -n 's/^# \{0,1\}//p' "$0" | sed -n '/in-debian.sh \[/,/opt\/swift, say/p' >&2
    exit 2
}
say() { echo "in-debian: $*"; }

suite=sid
with=""
while [ $# -gt 0 ]; do
    case $1 in
    --suite) suite=${2:?--suite needs a name} && shift 2 ;;
    --with) with="$with ${2:?--with needs a folder}" && shift 2 ;;
    -*) usage ;;
    *) break ;;
    esac
done
[ $# -gt 0 ] || usage
project=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)

if [ "$(id -u)" != 0 ]; then
    say "needs root: for debootstrap and chroot" >&2
    exit 1
fi
command -v debootstrap >/dev/null 2>&1 || {
    say "installing debootstrap"
    apt-get update -q && apt-get install -y -q --no-install-recommends debootstrap
}

root=$(mktemp -d "${TMPDIR:-/var/tmp}/live-debian-XXXXXX")
trap 'rm -rf --one-file-system "$root" "$root.log"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$root"
say "making a minimal Debian $suite in $root"
debootstrap --variant=minbase --include=ca-certificates,git,make "$suite" "$root" >"$root.log" 2>&1 || {
    tail -n 20 "$root.log" >&2
    rm -f "$root.log"
    exit 1
}
rm -f "$root.log"

# How this machine reaches its package registries is how the other one does.
cp /etc/resolv.conf /etc/hosts "$root/etc/"
for file in /etc/gitconfig /etc/apt/apt.conf.d/*; do
    if [ -f "$file" ]; then cp -n "$file" "$root$file" 2>/dev/null || true; fi
done
rm -f "$root"/etc/apt/apt.conf.d/docker-*
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
# Where git is told to take a host's repositories from a folder, that folder has to be there too.
with="$with $(git config --get-regexp '^url\./.*\.insteadof$' | sed -n 's/^url\.\(.*\)\.insteadof .*/\1/p' | sort -u)"

git clone -q "$project" "$root/project"
git -C "$root/project" remote remove origin
for folder in $with; do mkdir -p "$root$folder"; done
pip=$(env | grep '^PIP_' || true)
say "running $* in it"
# shellcheck disable=SC2016,SC2086 # the script runs inside; the lists are meant to split
unshare --mount --propagation private --pid --fork --kill-child sh -euc '
    root=$1 with=$2 pip=$3
    shift 3
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    for folder in $with; do
        mount --bind "$folder" "$root$folder"
        mount -o remount,bind,ro "$root$folder"
    done
    exec chroot "$root" env -i HOME=/root LANG=C.UTF-8 ${CI:+CI=$CI} $pip \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        sh -euc "cd /project && exec \"\$@\"" sh "$@"
' sh "$root" "$with" "$pip" "$@"
