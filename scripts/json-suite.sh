#!/bin/sh
# Fetches the JSON Parsing Test Suite (Nicolas Seriot, MIT) for the tests of the JSON reader. It is not part of this
# repository: Debian's source of haskell-aeson carries it, which the machine's own apt sources lead to.
#
#   scripts/json-suite.sh        leaves it in .build/json-suite; does nothing where it is there already
#
# Fails where there is no apt or no network: the tests then say that they did not run it.
set -eu
cd "$(dirname "$0")/.."
folder=.build/json-suite
# Of haskell-aeson_2.0.3.0.orig.tar.gz; another release of Debian may have another, whose content is checked as well.
known=19760a2b84764fa3cee65c63df0c80d45497e2f0c3b95d4e6dc2083b8604b325
[ ! -f "$folder/complete" ] || exit 0
command -v apt-get >/dev/null 2>&1 || { scripts/say.sh "no apt-get: going on without the JSON suite"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/parts"
# The distribution's own entries, as sources.
for file in /etc/apt/sources.list.d/debian.sources; do
    [ -f "$file" ] && sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/parts/debian.sources"
done
[ ! -s /etc/apt/sources.list ] || sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$work/parts/debian.list"
apt() {
    timeout 180 apt-get -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/parts" \
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root "$@"
}
scripts/say.sh "fetching the JSON suite"
if ! (apt update && cd "$work" && apt source --download-only haskell-aeson) >"$work/log" 2>&1; then
    tail -n 3 "$work/log" >&2
    exit 1
fi
archive=$(ls "$work"/haskell-aeson_*.orig.tar.gz)
sum=$(sha256sum "$archive" | cut -d ' ' -f 1)
[ "$sum" = "$known" ] || scripts/say.sh "another archive than the one these tests were written for ($sum)"
tar -xzf "$archive" -C "$work"
rm -rf "$folder"
mkdir -p "$folder"
find "$work" -path '*/JSONTestSuite/test_parsing/*.json' -exec cp {} "$folder/" \;
count=$(find "$folder" -name '*.json' | wc -l)
[ "$count" -ge 280 ] || { scripts/say.sh "only $count files of the JSON suite"; exit 1; }
touch "$folder/complete"
scripts/say.sh "the JSON suite: $count files"
