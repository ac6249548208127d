"""The real server behind Debian's nginx and HAProxy with TLS: with the example configurations of Config/, changed only
in ports, files and time limits. Prints what was promised and whether it held; exits 1 where something did not.

    proxies.py [nginx|haproxy …]       $LIVESERVER_BIN is the server, else the debug build
"""

import contextlib
import http.client
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "Faults"))

from node import Node, Verdict
from teacher import Teacher
from visitors import PollVisitor, SocketVisitor, StreamVisitor

ROOM = "proxies/course/live"
# The proxies' time limits in this run: what is idle for longer lives by the server's pings.
PROXY_LIMIT_S, IDLE_S = 4, 9
SETTINGS = [
    "limits.ping_ms=1000",
    "limits.silent_ms=3000",
    "limits.sse_heartbeat_ms=1000",
    "limits.moderator_burst=1000",
    "limits.address_failures=3",
    "limits.address_refill_s=3600",
]
# An event through a proxy that holds back would come with the next one or never.
DELAY_MS = 1000
SAID_PER_S, SAYING_S = 20, 8


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def changed(name, changes):
    """An example configuration with each of the named places changed; each must be there."""
    text = (ROOT / "Config" / name).read_text()
    for old, new in changes:
        if old not in text:
            raise SystemExit(f"Config/{name} has no '{old}'")
        text = text.replace(old, new)
    return text


class Proxy:
    """One proxy as a child; a reload cuts old connections after two seconds."""

    def __init__(self, folder, node_port):
        self.folder, self.node_port = folder, node_port
        self.port, self.plain_port = free_port(), free_port()
        self.process = None

    def __enter__(self):
        self.write()
        with open(self.folder / f"{self.name}.log", "wb") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.05)
        raise SystemExit(f"{self.name} did not start: " + (self.folder / f"{self.name}.log").read_text())

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


class Nginx(Proxy):
    name = "nginx"

    def write(self):
        site = changed(
            "nginx.conf",
            [
                ("server 127.0.0.1:8080;", f"server 127.0.0.1:{self.node_port};"),
                ("listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
                ("listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;"),
                ("/etc/ssl/liveclassroom/fullchain.pem", str(self.folder / "certificate.pem")),
                ("/etc/ssl/liveclassroom/key.pem", str(self.folder / "key.pem")),
                ("/var/log/nginx/liveclassroom.log", str(self.folder / "access.log")),
                (
                    "location / {",
                    f"proxy_read_timeout {PROXY_LIMIT_S}s; proxy_send_timeout {PROXY_LIMIT_S}s; location / {{",
                ),
            ],
        )
        (self.folder / "site.conf").write_text(site)
        places = "".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "main.conf").write_text(
            f"pid {self.folder}/pid; error_log {self.folder}/error.log; daemon off; worker_processes 2;\n"
            f"worker_shutdown_timeout 2s; events {{ worker_connections 512; }}\n"
            f"http {{ {places} include site.conf; }}\n"
        )
        # As root nginx's workers are another user, who must get through to here.
        os.chmod(self.folder, 0o755)

    def command(self):
        return [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-p", str(self.folder), "-c", "main.conf"]

    def reload(self):
        self.process.send_signal(signal.SIGHUP)


class HAProxy(Proxy):
    name = "haproxy"
    server_options = ""

    def write(self):
        both = (self.folder / "certificate.pem").read_text() + (self.folder / "key.pem").read_text()
        (self.folder / "both.pem").write_text(both)
        (self.folder / "haproxy.cfg").write_text(
            changed(
                "haproxy.cfg",
                [
                    ("server node 127.0.0.1:8080", f"server node 127.0.0.1:{self.node_port}{self.server_options}"),
                    ("bind :80\n", f"bind 127.0.0.1:{self.plain_port}\n"),
                    (
                        "bind :443 ssl crt /etc/haproxy/liveclassroom.pem",
                        f"bind 127.0.0.1:{self.port} ssl crt both.pem",
                    ),
                    ("hard-stop-after 30s", "hard-stop-after 2s"),
                    ("maxconn 40000", "maxconn 500"),
                    ("timeout client 60s", f"timeout client {PROXY_LIMIT_S}s"),
                    ("timeout server 60s", f"timeout server {PROXY_LIMIT_S}s"),
                    ("timeout tunnel 60s", f"timeout tunnel {PROXY_LIMIT_S}s"),
                ],
            )
        )

    def command(self):
        return [shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "-W", "-f", "haproxy.cfg"]

    def reload(self):
        self.process.send_signal(signal.SIGUSR2)


class HAProxyV2(HAProxy):
    """Tells the client's address in PROXY protocol v2 rather than in a header."""

    name = "haproxy-v2"
    server_options = " send-proxy-v2"


def certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", "key.pem", "-out", "certificate.pem", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        cwd=folder, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return folder / "certificate.pem"


def bad_token_status(port, tls, source):
    """What an address hears that comes with a bad token."""
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=20, source_address=(source, 0))
    try:
        path = f"/v1/rooms/{ROOM}/live"
        connection.request("GET", path, headers={"Authorization": "Bearer not-a-token", "Accept": "text/event-stream"})
        return connection.getresponse().status
    finally:
        connection.close()


def judge(proxy, node, teacher, tokens, tls, folder, verdict):
    texts = [f"{n} " + "Grüße, 教室 🎓 " * 70 for n in range(50)]
    teacher.say(*texts)
    visitors = [
        kind(proxy.port, ROOM, token, tls, folder / "certificate.pem")
        for kind, token in zip((SocketVisitor, StreamVisitor, PollVisitor), tokens)
    ]
    for visitor in visitors:
        visitor.wait(lambda: visitor.welcome is not None)
        kind = type(visitor).__name__
        got = [entry["text"] for entry in visitor.welcome["state"]["chat"]] if visitor.welcome else []
        verdict.check(got == texts, f"{kind}: a welcome of over 64 KiB came whole {visitor.problems[:2] or ''}")
    immediate(teacher, visitors, verdict)
    idle(teacher, visitors, verdict)
    reload(proxy, teacher, visitors, verdict)
    for visitor in visitors:
        visitor.end()


def immediate(teacher, visitors, verdict):
    """Default buffering holds nothing back."""
    for number in range(5):
        teacher.say(f"single {number}")
        time.sleep(0.3)
    for visitor in visitors:
        visitor.wait(lambda: "single 4" in visitor.texts)
        got = [text for text in visitor.texts if text.startswith("single")]
        worst = max(visitor.delays[-5:], default=0)
        kind = type(visitor).__name__
        verdict.check(
            got == [f"single {n}" for n in range(5)] and worst < DELAY_MS,
            f"{kind}: each event at once ({worst:.0f} ms)",
        )


def idle(teacher, visitors, verdict):
    before = [(visitor.ends, getattr(visitor, "answers", 0)) for visitor in visitors]
    time.sleep(IDLE_S)
    teacher.say("after the silence")
    for visitor, (ends, answers) in zip(visitors, before):
        kind = type(visitor).__name__
        came = visitor.wait(lambda: "after the silence" in visitor.texts)
        verdict.check(
            came and visitor.ends == ends, f"{kind}: {IDLE_S} s of silence outlive the proxy's {PROXY_LIMIT_S} s"
        )
        if hasattr(visitor, "answers"):
            verdict.check(visitor.answers - answers >= 2, f"{kind}: waits without events end by themselves")


def reload(proxy, teacher, visitors, verdict):
    """The proxy takes its configuration again in mid-class and cuts off everybody a little later."""
    said = []
    ends = [visitor.ends for visitor in visitors]
    for number in range(SAID_PER_S * SAYING_S):
        if number == SAID_PER_S * 2:
            proxy.reload()
        said.append(f"during the reload {number}")
        teacher.say(said[-1])
        time.sleep(1 / SAID_PER_S)
    for visitor, before in zip(visitors, ends):
        kind = type(visitor).__name__
        visitor.wait(lambda: said[-1] in visitor.texts)
        got = [text for text in visitor.texts if text.startswith("during")]
        verdict.check(got == said, f"{kind}: {len(got)} of {len(said)} events through a reload, once and in order")
        if not hasattr(visitor, "answers"):
            verdict.check(visitor.ends > before, f"{kind}: it was cut off and came back {visitor.ends - before} times")


def addresses(proxy, tls, verdict):
    # Each of two reactors counts for itself: seven attempts are more than three for one of them.
    heard = [bad_token_status(proxy.port, tls, "127.0.0.5") for _ in range(7)]
    held_up = heard[:3] == [401] * 3 and set(heard) == {401, 429}
    verdict.check(held_up, f"one address behind the proxy fails too often: {heard}")
    other = bad_token_status(proxy.port, tls, "127.0.0.6")
    verdict.check(other == 401, f"another address behind the proxy is not held up: {other}")


def redirect(proxy, verdict):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.plain_port, timeout=20)
    connection.request("GET", "/join")
    answer = connection.getresponse()
    verdict.check(
        answer.status == 301 and answer.getheader("location", "").startswith("https://"), "plain HTTP is sent to TLS"
    )
    connection.close()


def knows(setting):
    return f"`{setting}`" in (ROOT / "Config/README.md").read_text()


def run(kind):
    verdict = Verdict(f"behind {kind.name}, with TLS and default buffering")
    settings = list(SETTINGS)
    if knows("trusted_proxies"):
        settings.append("trusted_proxies=127.0.0.1/32")
    if kind is HAProxyV2:
        settings.append("listen.proxy_protocol=true")
    with tempfile.TemporaryDirectory(prefix="live-proxies-") as temporary, Node(settings) as node:
        folder = pathlib.Path(temporary)
        tls = ssl.create_default_context(cafile=certificate(folder))
        # Past the proxy, from an address that is none.
        teacher = Teacher(node.port, ROOM, node.tokens("teacher", 1, "instructor", ROOM)[0], source="127.0.0.9")
        tokens = node.tokens("student", 3, "student", ROOM)
        with kind(folder, node.port) as proxy:
            judge(proxy, node, teacher, tokens, tls, folder, verdict)
            redirect(proxy, verdict)
            if knows("trusted_proxies"):
                addresses(proxy, tls, verdict)
            else:
                print("–     client addresses: this version does not know trusted_proxies", flush=True)
        log = folder / "access.log"
        if log.exists():
            verdict.check("resume" not in log.read_text(), "the proxy's log holds no query")
    return verdict.failures


def main():
    kinds = [Nginx, HAProxy] + ([HAProxyV2] if knows("listen.proxy_protocol") else [])
    chosen = [kind for kind in kinds if not sys.argv[1:] or kind.name in sys.argv[1:]]
    failures = sum(run(kind) for kind in chosen)
    sys.exit(1 if failures else 0)


main()
