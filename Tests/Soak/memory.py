#!/usr/bin/env python3
"""What an idle participant costs, part by part: a fresh server a stage, so many connections in it, and what its
resident memory has grown by. The difference of two stages is what the later one adds.

    memory.py [COUNT=18000] [--tls] [--stage NAME …] [--json FILE]       the node is $LIVESERVER_BIN

The kernel's share is what its slabs grew by, divided by the two ends of a connection, which both are on this machine.
"""

import argparse
import base64
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Faults"))

from node import Node

# Nobody is pinged or dies of silence while the others come.
SETTINGS = [
    "limits.ping_ms=60000",
    "limits.silent_ms=300000",
    "limits.sse_heartbeat_ms=60000",
    "limits.http_idle_ms=3600000",
    "limits.head_timeout_ms=300000",
    "limits.presence_ms=60000",
    "features.echo=true",
    "log.level=warning",
]
# Connections that come first, so that what every server needs anyway is not counted.
WARM_UP = 200
SLABS = (
    r"^(TCP|TCPv6|sock_inode_cache|filp|dentry|eventpoll_epi|eventpoll_pwq|ep_head|skbuff_\w+|request_sock_TCP)\s+(.*)$"
)
PLACE = "memory/course/room"
SETTLE_S = 3
ATTEMPTS = 30


def upgrade(path, token=None):
    key = base64.b64encode(os.urandom(16)).decode()
    identity = f"Authorization: Bearer {token}\r\n" if token else ""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{identity}\r\n"
    ).encode()


def stream(path, token):
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()


# Name, what a connection sends, and what it waits for.
STAGES = [
    ("connection", lambda number, token: b"", b""),
    ("request", lambda number, token: b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b'"ok"'),
    ("socket", lambda number, token: upgrade("/echo"), b"\r\n\r\n"),
    ("participant", lambda number, token: upgrade(f"/v1/rooms/{PLACE}/live", token), b'"ev":"welcome"'),
    (
        "participant, 40 a room",
        lambda number, token: upgrade(f"/v1/rooms/{PLACE}{number // 40}/live", token),
        b'"ev":"welcome"',
    ),
    ("participant, event stream", lambda number, token: stream(f"/v1/rooms/{PLACE}/live", token), b'"ev":"welcome"'),
]


def kernel_bytes():
    """Active objects of the slabs that a socket is made of."""
    slabs = re.findall(SLABS, pathlib.Path("/proc/slabinfo").read_text(), re.M)
    return sum(int(rest.split()[0]) * int(rest.split()[2]) for _, rest in slabs)


def resident(node):
    time.sleep(SETTLE_S)
    status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024


def open_one(node, tls, wants, words):
    """A connection that has got what it waits for; comes again where a busy node sends it away for a while."""
    for _ in range(ATTEMPTS):
        plug = socket.create_connection(("127.0.0.1", node.port), 30)
        if tls:
            plug = tls.wrap_socket(plug, server_hostname="localhost")
        if words:
            plug.sendall(words)
        heard = b""
        while wants not in heard and b"retry_after_ms" not in heard:
            part = plug.recv(65536)
            if not part:
                raise SystemExit(f"refused: {heard[:200]}")
            heard += part
        if b"retry_after_ms" not in heard or wants in heard:
            return plug
        plug.close()
        time.sleep(1)
    raise SystemExit("sent away again and again")


def measure(name, words, wants, count, tokens, tls, settings):
    with Node([*SETTINGS, *settings], threads=1) as node:
        warm = [open_one(node, tls, wants, words(number, tokens[number])) for number in range(WARM_UP)]
        before, kernel_before = resident(node), kernel_bytes()
        people = [
            open_one(node, tls, wants, words(number, tokens[number])) for number in range(WARM_UP, WARM_UP + count)
        ]
        each = (resident(node) - before) / count
        kernel = (kernel_bytes() - kernel_before) / count / 2
        for plug in warm + people:
            plug.close()
        print(f"{name:28} {each:8.0f} B in the server   {kernel:8.0f} B in the kernel", flush=True)
        return {"stage": name, "server_bytes": each, "kernel_bytes": kernel}


def certificate(folder):
    """A certificate of this run's own, as the settings that use it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-keyout", "key.pem", "-out", "certificate.pem", "-subj", "/CN=localhost"],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return [f"tls.certificate={folder}/certificate.pem", f"tls.key={folder}/key.pem"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=18_000)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--stage", action="append", choices=[stage[0] for stage in STAGES])
    parser.add_argument("--json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="live-memory-") as temporary:
        settings, tls = [], None
        if arguments.tls:
            settings = certificate(pathlib.Path(temporary))
            tls = ssl.create_default_context(cafile=f"{temporary}/certificate.pem")
            tls.check_hostname = False
        with Node() as node:
            tokens = node.tokens("person", arguments.count + WARM_UP, "student", "memory/course/*")
        figures = [
            measure(*stage, arguments.count, tokens, tls, settings)
            for stage in STAGES
            if not arguments.stage or stage[0] in arguments.stage
        ]
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(figures, indent=1))


main()
