"""The client libraries: how each is started, its version, and what its interface does not offer."""

import dataclasses
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE / "clients"
BUILT = HERE / "built"
PYTHON = str(HERE / ".venv-interop/bin/python")


KEEPS_CONTEXT = (
    "goes on with its compression context although the answer says `client_no_context_takeover`, which RFC 7692 "
    "(§7.1.1.2) forbids: its second compressed message is closed with 1007"
)
HANDS_OUT_TWICE = "hands out a message that is not compressed again and again where compression was agreed"


@dataclasses.dataclass
class Client:
    name: str
    language: str
    library: str
    command: list
    version: list
    # Steps that the library's interface cannot do.
    lacks: tuple = ()
    # Why it is run without permessage-deflate, though it has it.
    plain_because: str = ""
    # Steps that are known not to go well over TLS, and why.
    lacks_over_tls: tuple = ()
    lacks_over_tls_because: str = ""
    # An event stream's client that comes back by itself.
    returns: bool = False

    @property
    def is_socket(self):
        return self.name.startswith("ws-")

    def version_text(self):
        done = subprocess.run(self.version, capture_output=True, text=True, timeout=60)
        return done.stdout.strip().split("\n")[0] if done.returncode == 0 else ""

    def is_there(self):
        return bool(shutil.which(self.command[0])) and bool(self.version_text())


def python(name, program, package, **more):
    version = [PYTHON, "-c", f"import importlib.metadata as m; print(m.version('{package}'))"]
    return Client(name, "Python", package, [PYTHON, str(PROGRAMS / program)], version, **more)


def debian(package):
    return ["dpkg-query", "-W", "-f", "${Version}", package]


def clients():
    node = ["env", "NODE_PATH=/usr/share/nodejs", "node"]
    undici = [*node, "--experimental-websocket"]
    java = ["sh", "-c", "java -version 2>&1 | sed 's/.*\"\\(.*\\)\".*/\\1/'"]
    return [
        python("ws-websockets", "ws_websockets.py", "websockets"),
        python(
            "ws-aiohttp",
            "ws_aiohttp.py",
            "aiohttp",
            lacks_over_tls=("4403",),
            lacks_over_tls_because="reports 1006 instead of 4403: the server ends its half of TLS right behind its "
            "close frame, asyncio then ends the other, and the library cannot send its answer",
        ),
        python("ws-picows", "ws_picows.py", "picows"),
        python("ws-websocket-client", "ws_websocket_client.py", "websocket-client"),
        python("ws-wsproto", "ws_wsproto.py", "wsproto"),
        python("ws-tornado", "ws_tornado.py", "tornado", plain_because=KEEPS_CONTEXT),
        Client(
            "ws-node",
            "JavaScript",
            "ws",
            [*node, str(PROGRAMS / "ws_node_ws.js")],
            [*node, "-p", "require('ws/package.json').version"],
        ),
        Client(
            "ws-undici",
            "JavaScript",
            "Node's WebSocket (undici)",
            [*undici, str(PROGRAMS / "ws_undici.js")],
            [*node, "-p", "process.versions.undici"],
            lacks=("header", "ping"),
        ),
        Client(
            "ws-gorilla",
            "Go",
            "gorilla/websocket",
            [str(BUILT / "ws_gorilla")],
            debian("golang-github-gorilla-websocket-dev"),
        ),
        Client(
            "ws-nhooyr",
            "Go",
            "nhooyr.io/websocket",
            [str(BUILT / "ws_nhooyr")],
            debian("golang-nhooyr-websocket-dev"),
        ),
        Client(
            "ws-xnet",
            "Go",
            "golang.org/x/net/websocket",
            [str(BUILT / "ws_xnet")],
            debian("golang-golang-x-net-dev"),
            lacks=("ping",),
        ),
        Client(
            "ws-lws",
            "C",
            "libwebsockets",
            [str(BUILT / "ws_lws")],
            debian("libwebsockets-dev"),
            plain_because=HANDS_OUT_TWICE,
        ),
        Client(
            "ws-mojo",
            "Perl",
            "Mojolicious",
            ["perl", str(PROGRAMS / "ws_mojo.pl")],
            debian("libmojolicious-perl"),
            plain_because=KEEPS_CONTEXT,
        ),
        Client(
            "ws-faye", "Ruby", "faye-websocket", ["ruby", str(PROGRAMS / "ws_faye.rb")], debian("ruby-faye-websocket")
        ),
        Client("ws-java", "Java", "java.net.http.WebSocket", ["java", "-cp", str(BUILT), "JavaSocket"], java),
        python("sse-httpx", "sse_httpx.py", "httpx-sse"),
        python("sse-sseclient", "sse_sseclient.py", "sseclient-py"),
        python("sse-aiohttp", "sse_aiohttp.py", "aiohttp-sse-client", returns=True),
        Client(
            "sse-eventsource",
            "JavaScript",
            "eventsource",
            [*node, str(PROGRAMS / "sse_eventsource.js")],
            [*node, "-p", "require('eventsource/package.json').version"],
            returns=True,
        ),
        Client(
            "sse-fetch",
            "JavaScript",
            "Node's fetch (undici)",
            [*node, str(PROGRAMS / "sse_fetch.js")],
            [*node, "-p", "process.versions.undici"],
        ),
        Client("sse-go", "Go", "net/http", [str(BUILT / "sse_go")], ["go", "env", "GOVERSION"]),
        Client("sse-java", "Java", "java.net.http.HttpClient", ["java", "-cp", str(BUILT), "JavaEvents"], java),
        Client(
            "sse-mojo", "Perl", "Mojolicious", ["perl", str(PROGRAMS / "sse_mojo.pl")], debian("libmojolicious-perl")
        ),
        Client(
            "sse-curl",
            "–",
            "curl",
            ["bash", str(PROGRAMS / "sse_curl.sh")],
            ["sh", "-c", "curl --version | cut -d' ' -f2"],
        ),
    ]
