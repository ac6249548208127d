#!/bin/sh
# Runs random histories of rooms through the domain, with crashes, duplicates and reconnects, in two processes from the
# same seeds, and compares what they print: every promise held, and the same state in both.
#
#   scripts/simulation.sh SWIFT [SEEDS] [COMMANDS]      (default 500 seeds of 2,000 commands: a million)
set -eu
cd "$(dirname "$0")/.."
swift=$1
seeds=${2:-500}
commands=${3:-2000}

scripts/say.sh "building the simulation (release)"
"$swift" build -c release --product RoomSimulation
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
scripts/say.sh "$seeds seeds of $commands commands, in two processes"
start=$(date +%s)
.build/release/RoomSimulation 1 "$seeds" "$commands" >"$folder/first" 2>"$folder/first.err" &
first=$!
.build/release/RoomSimulation 1 "$seeds" "$commands" >"$folder/second" 2>"$folder/second.err" &
second=$!
wait "$first" || { cat "$folder/first.err" "$folder/first" | tail -20; exit 1; }
wait "$second" || { cat "$folder/second.err" "$folder/second" | tail -20; exit 1; }
cmp "$folder/first" "$folder/second"
tail -3 "$folder/first"
scripts/say.sh "both processes agree on every digest, after $(($(date +%s) - start)) s"
