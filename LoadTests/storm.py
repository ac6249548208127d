#!/usr/bin/env python3
"""The bell rings: a crowd joins a node in which others hear each other. How fast it comes in, and what those inside
notice; plain and encrypted, on a cold node and on one that has seen a storm, with full and with resumed handshakes.

    storm.py [CROWD=10000] [--inside 200] [--rounds 3] [--over 10] [--one-room] [--json FILE]

LIVESERVER_BIN, LIVELOAD_BIN   the programs; default: this checkout's release build

Server on CPU 0, load generators on CPU 1, that of those inside before the crowd's (as root). The delivery p99 of those
inside is told for ten seconds before and for those of the storm; their ratio is what counts (aim: 2 at most). Exits 1
where somebody did not come in or a message was lost, doubled or out of order.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SERVER = os.environ.get("LIVESERVER_BIN", str(ROOT / ".build/release/liveserver"))
LOAD = os.environ.get("LIVELOAD_BIN", str(ROOT / ".build/release/liveload"))
CONFIG = ROOT / "Config" / "bench.json"
ROOM = "load/storm/room"
# The other classes of the bell. In one room with the crowd each message takes its way to all of it, too: ten thousand
# sends, which is what those inside would wait for then.
CROWD_ROOMS = "load/storm/crowd{n}"
CROWD_ROOM_COUNT = 50
# How long the crowd stays: longer than those inside are listened to. Ten thousand goodbyes at one instant are another
# matter than ten thousand who come.
STAY_S = 4
CROWD_FIGURES = ["join_all_s", "join_p50_ms", "join_p99_ms", "joined", "failed", "deferred", "joins_per_s"]
# Name, encrypted, arguments of the crowd.
KINDS = [
    ("plain", False, []),
    ("TLS", True, []),
    ("TLS resumed", True, ["--tls-resume"]),
]


def pinned(cpu, command, **options):
    return subprocess.Popen(["taskset", "-c", str(cpu), *command], **options)


class Node:
    """A node of its own in a folder of its own."""

    def __init__(self, encrypted):
        self.folder = tempfile.TemporaryDirectory(prefix="storm-")
        place = pathlib.Path(self.folder.name)
        settings = []
        if encrypted:
            certificate, key = place / "certificate.pem", place / "key.pem"
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                 "2", "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
            key.chmod(0o600)
            settings = ["--set", f"tls.certificate={certificate}", "--set", f"tls.key={key}"]
        self.process = pinned(
            0, [SERVER, "serve", "--config", str(CONFIG), "--port", "0", "--data-dir", str(place / "data"), *settings],
            stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            found = re.search(r"listening on (https?://\S+)", line)
            if found:
                self.url = found.group(1).rstrip("/")
                self.tokens = str(place / "tokens")
                return
        raise SystemExit("storm.py: the node does not listen")

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.terminate()
        self.process.wait(30)
        self.folder.cleanup()


def name_those_inside(node, count):
    """Tokens in names of their own: under the crowd's names their places would be taken over."""
    with open(node.tokens, "w") as file:
        subprocess.run(
            [SERVER, "token", "--config", str(CONFIG), "--sub", "inside", "--role", "student", "--room", ROOM, "--ttl",
             "2h", "--count", str(count)], check=True, stdout=file)


def load(arguments, nice):
    """Starts the load generator on CPU 1; answers what waits for its figures."""
    result = tempfile.NamedTemporaryFile(suffix=".json")
    command = ["nice", "-n", str(nice), LOAD, *arguments, "--json", result.name, "--quiet"]
    process = pinned(1, command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def outcome():
        words, _ = process.communicate(timeout=600)
        if process.returncode == 2:
            raise SystemExit(words)
        with result:
            return json.load(open(result.name))

    return outcome


def inside(node, options, seconds):
    """Those inside, in a process that comes before the crowd's: its own delay must not be taken for the server's."""
    return load(
        ["fanout", "--url", node.url, "--room", ROOM, "--people", str(options.inside), "--rate", "20", "--duration",
         str(seconds), "--warmup", "0", "--token-file", node.tokens], nice=-10)


def storm(node, options, over, arguments):
    """One storm: the figures of the crowd, and the delivery p99 of those inside before and meanwhile."""
    before = inside(node, options, 10)()
    cpu_s = node.cpu_s()
    # At one instant a plain storm is over within a second: a part of these seconds is calm.
    meanwhile = inside(node, options, over + 1 if over else 3)
    time.sleep(1)
    rate = str(options.crowd / over) if over else "0"
    crowd = load(
        ["idle", "--url", node.url, *options.rooms, "--people", str(options.crowd), "--join-rate", rate, "--window",
         str(options.crowd), "--duration", str(STAY_S), "--join-timeout", "60", *arguments], nice=5)()
    during = meanwhile()
    figures = {name: crowd["figures"].get(name, 0) for name in CROWD_FIGURES}
    figures["server_cpu_s"] = node.cpu_s() - cpu_s
    figures["before_p99_ms"] = before["figures"]["chat_p99_ms"]
    figures["during_p99_ms"] = during["figures"]["chat_p99_ms"]
    # The crowd reads the messages of those inside, which are not its own run's.
    figures["violations"] = before["violations"] + during["violations"]
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crowd", nargs="?", type=int, default=10_000)
    parser.add_argument("--inside", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--over", type=float, default=10.0, help="seconds within which the crowd comes")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--one-room", action="store_true", help="the crowd joins the room of those inside")
    options = parser.parse_args()
    options.rooms = ["--room", ROOM] if options.one_room else ["--room", CROWD_ROOMS, "--rooms", str(CROWD_ROOM_COUNT)]
    place = "join the room" if options.one_room else f"join {CROWD_ROOM_COUNT} rooms beside the one"
    runs = []
    for number in range(options.rounds):
        for name, encrypted, arguments in KINDS:
            for over in (options.over, 0):
                node = Node(encrypted)
                name_those_inside(node, options.inside + 1)
                try:
                    for state in ("cold", "warm"):
                        arrival = f"within {over:g} s" if over else "at once"
                        print(f"round {number + 1}: {name}, {arrival}, {state}", file=sys.stderr)
                        figures = storm(node, options, over, arguments)
                        runs.append({"kind": name, "arrival": arrival, "state": state, "figures": figures})
                        time.sleep(1)
                finally:
                    node.end()
    print(
        f"{options.crowd} {place} where {options.inside} hear 20 messages a second; medians of {options.rounds}\n\n"
        "| storm | joins/s | join p50 ms | join p99 ms | deferred | failed | p99 inside before, ms | during, ms "
        "| ratio |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name, arrival, state in dict.fromkeys((r["kind"], r["arrival"], r["state"]) for r in runs):
        here = [r["figures"] for r in runs if (r["kind"], r["arrival"], r["state"]) == (name, arrival, state)]

        def middle(key):
            return statistics.median(f[key] for f in here)

        ratio = statistics.median(f["during_p99_ms"] / f["before_p99_ms"] for f in here)
        print(
            f"| {name}, {arrival}, {state} | {middle('joins_per_s'):.0f} | {middle('join_p50_ms'):.0f} "
            f"| {middle('join_p99_ms'):.0f} | {middle('deferred'):.0f} | {sum(f['failed'] for f in here):.0f} "
            f"| {middle('before_p99_ms'):.1f} | {middle('during_p99_ms'):.1f} | {ratio:.2f} |")
    bad = [run for run in runs if run["figures"]["violations"] or run["figures"]["failed"]]
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(runs, indent=1))
    for run in bad:
        words = run["figures"]["violations"] or f"{run['figures']['failed']:.0f} did not come in"
        print(f"{run['kind']}, {run['arrival']}, {run['state']}: {words}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
