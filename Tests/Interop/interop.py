"""Runs every client library against the real server, plain and over TLS, and writes what came of it.

    interop.py [--page FILE] [NAME…]      names as in clients.py; without any: all of them

Exits 1 where a step failed. $LIVESERVER_BIN is the server, else the debug build.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Faults"))

import judge_events
import judge_socket
from clients import clients
from node import Node, binary
from page import page

# Libraries judged at once: more would measure the machine's patience.
AT_ONCE = 4
# Short, so that an idle client meets several of each within the run.
SETTINGS = [
    "limits.ping_ms=1000",
    "limits.silent_ms=2500",
    "limits.sse_heartbeat_ms=1000",
    "limits.moderator_burst=1000",
]


@dataclasses.dataclass
class Place:
    """Where a client goes: the port, plain or TLS, and a room that nobody else has been in."""

    port: int
    room: str
    is_encrypted: bool = False

    def scheme(self, name):
        return name + "s" if self.is_encrypted else name


class Trust:
    """A certificate of this run's own, and the ways in which the languages are told to trust it."""

    def __init__(self, folder):
        self.certificate, self.key = folder / "certificate.pem", folder / "key.pem"
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        files = ["-keyout", str(self.key), "-out", str(self.certificate)]
        self._run("openssl", "req", "-x509", *curve, "-nodes", "-days", "2", *files, *names)
        store = ["-keystore", str(folder / "trust.p12"), "-storepass", "changeit", "-storetype", "PKCS12"]
        self._run("keytool", "-importcert", "-noprompt", "-alias", "node", "-file", str(self.certificate), *store)
        java = f"-Djavax.net.ssl.trustStore={folder / 'trust.p12'} -Djavax.net.ssl.trustStorePassword=changeit"
        names = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "MOJO_CA_FILE", "CURL_CA_BUNDLE"]
        self.environment = {name: str(self.certificate) for name in names} | {"JAVA_TOOL_OPTIONS": java}

    @staticmethod
    def _run(*command):
        subprocess.run(command, check=True, capture_output=True, timeout=60)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def mint(node, name):
    """A student's token whose `sub` is the client's name."""
    command = [binary(), "token", "--sub", name, "--role", "student", "--room", "interop/*/*"]
    done = subprocess.run(command, cwd=node.folder, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def failures(results):
    return {step: result for step, result in results.items() if result.startswith("FAILED")}


class Run:
    """All libraries against one node."""

    def __init__(self, node, tls_port, trust, chosen, folder):
        self.node, self.tls_port, self.trust, self.folder = node, tls_port, trust, folder
        self.tokens = {"teacher": node.tokens("teacher", 1, "instructor", "interop/*/*")[0]}
        for client in chosen:
            self.tokens[client.name] = mint(node, client.name)

    def judge(self, client, is_encrypted, attempt):
        place = Place(
            self.tls_port if is_encrypted else self.node.port,
            f"{'tls' if is_encrypted else 'plain'}{attempt}",
            is_encrypted,
        )
        folder = self.folder / f"{client.name}-{place.room}"
        folder.mkdir()
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        if is_encrypted:
            environment |= self.trust.environment
            client = dataclasses.replace(client, lacks=client.lacks + client.lacks_over_tls)
        kind = judge_socket.SocketJudge if client.is_socket else judge_events.EventsJudge
        tokens = self.tokens["teacher"], self.tokens[client.name]
        run = kind(client, self.node, place, *tokens, folder, environment)
        try:
            results = run.run()
        except Exception as error:  # a fault of one client's run must not hide the others
            results = {step: f"FAILED: {error!r}" for step in run.results}
        return results, run.extensions

    def all(self, chosen, is_encrypted):
        """Results and extensions of each client; who fails is judged once more, alone."""
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            runs = [pool.submit(self.judge, client, is_encrypted, 1) for client in chosen]
            outcomes = [run.result() for run in runs]
        for number, client in enumerate(chosen):
            said = "over TLS" if is_encrypted else ""
            if failures(outcomes[number][0]):
                # A busy machine can keep a program waiting; alone and once more a fault of library or server stays.
                print(f"once  {client.name} {said}", failures(outcomes[number][0]), "- once more, alone", flush=True)
                outcomes[number] = self.judge(client, is_encrypted, 2)
            failed = failures(outcomes[number][0])
            print(("FAIL  " if failed else "ok    ") + f"{client.name} {said}", failed or "", flush=True)
        return outcomes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--page")
    arguments = parser.parse_args()
    chosen = [client for client in clients() if not arguments.names or client.name in arguments.names]
    for client in chosen:
        if not client.is_there():
            print(f"–     {client.name}: not installed", flush=True)
    chosen = [client for client in chosen if client.is_there()]
    with tempfile.TemporaryDirectory(prefix="live-interop-") as temporary:
        folder = pathlib.Path(temporary)
        trust, tls_port = Trust(folder), free_port()
        encryption = [f"tls.certificate={trust.certificate}", f"tls.key={trust.key}", f"tls.port={tls_port}"]
        with Node([*SETTINGS, *encryption]) as node:
            run = Run(node, tls_port, trust, chosen, folder)
            plain, encrypted = run.all(chosen, False), run.all(chosen, True)
    rows = [
        (client, results, extensions, secret)
        for client, (results, extensions), (secret, _) in zip(chosen, plain, encrypted)
    ]
    if arguments.page:
        pathlib.Path(arguments.page).write_text(page(rows))
    failed = sum(bool(failures(results) or failures(secret)) for _, results, _, secret in rows)
    print(f"{len(rows) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
