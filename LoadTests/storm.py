#!/usr/bin/env python3
"""The bell rings: a crowd joins a node in which others chat. How fast it comes in, and what those inside notice; plain
and encrypted, on a cold node and on one that has seen a storm, with full and with resumed handshakes.

    storm.py [CROWD=10000] [--inside 200] [--rounds 3] [--over 10] [--json FILE]

LIVESERVER_BIN, LIVELOAD_BIN   the programs; default: this checkout's release build

Server on CPU 0, load generator on CPU 1. The delivery p99 of those inside is told for the seconds before and for the
seconds of the storm; their ratio is what counts (aim: 2 at most). Exits 1 where somebody did not come in or a message
was lost, doubled or out of order.
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
# Name, arrival, encrypted, arguments of the first storm and of the second on the same node.
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
                return
        raise SystemExit("storm.py: the node does not listen")

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.terminate()
        self.process.wait(30)
        self.folder.cleanup()


def storm(node, options, crowd, over, shape, arguments):
    """One storm: the figures of the load generator, or None where something was lost."""
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        before = node.cpu_s()
        command = [
            LOAD, "storm", "--url", node.url, "--people", str(options.inside), "--crowd", str(crowd),
            "--over", str(over), "--shape", shape, "--rate", "20", "--calm", "10", "--json", result.name, "--quiet",
            *arguments]
        status = pinned(1, command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        words, _ = status.communicate(timeout=600)
        if status.returncode == 2:
            raise SystemExit(words)
        outcome = json.load(open(result.name))
    figures = outcome["figures"]
    figures["server_cpu_s"] = node.cpu_s() - before
    figures["violations"] = outcome["violations"]
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crowd", nargs="?", type=int, default=10_000)
    parser.add_argument("--inside", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--over", type=float, default=10.0, help="seconds of the bell")
    parser.add_argument("--json", help="file for the figures")
    options = parser.parse_args()
    runs = []
    for number in range(options.rounds):
        for name, encrypted, arguments in KINDS:
            for shape, over in (("bell", options.over), ("instant", 0)):
                node = Node(encrypted)
                try:
                    for state in ("cold", "warm"):
                        print(f"round {number + 1}: {name}, {shape}, {state}", file=sys.stderr)
                        figures = storm(node, options, options.crowd, over, shape, arguments)
                        runs.append({"kind": name, "shape": shape, "state": state, "figures": figures})
                        time.sleep(1)
                finally:
                    node.end()
    bad = [run for run in runs if run["figures"]["violations"]]
    print(
        f"{options.crowd} join one room where {options.inside} chat (20 messages a second); medians of {options.rounds}\n\n"
        "| storm | all in after s | join p50 ms | join p99 ms | deferred | failed | p99 inside before, ms | during, ms "
        "| ratio |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name, _, _ in KINDS:
        for shape in ("bell", "instant"):
            for state in ("cold", "warm"):
                here = [r["figures"] for r in runs if (r["kind"], r["shape"], r["state"]) == (name, shape, state)]

                def middle(key):
                    return statistics.median(f.get(key, 0) for f in here)

                ratio = statistics.median(f["chat_during_p99_ms"] / f["chat_before_p99_ms"] for f in here)
                failed = sum(f.get("failed", 0) for f in here)
                print(
                    f"| {name}, {shape}, {state} | {middle('join_all_s'):.2f} | {middle('join_p50_ms'):.0f} "
                    f"| {middle('join_p99_ms'):.0f} | {middle('deferred'):.0f} | {failed:.0f} "
                    f"| {middle('chat_before_p99_ms'):.1f} | {middle('chat_during_p99_ms'):.1f} | {ratio:.2f} |")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(runs, indent=1))
    for run in bad:
        print(f"{run['kind']}, {run['shape']}, {run['state']}: {run['figures']['violations']}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
