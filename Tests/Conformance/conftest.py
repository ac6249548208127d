"""What the conformance tests share: a real liveserver with the echo endpoint, on a free port."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("LIVESERVER_BIN", str(ROOT / ".build" / "debug" / "liveserver"))


@pytest.fixture(scope="session")
def port(tmp_path_factory):
    data = tmp_path_factory.mktemp("node")
    node = subprocess.Popen(
        [BINARY, "serve", "--host", "127.0.0.1", "--port", "0", "--enable-echo", "--data-dir", str(data)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        for line in node.stdout:
            if line.startswith("listening on "):
                yield int(line.rstrip().rstrip("/").rsplit(":", 1)[1])
                break
        else:
            raise RuntimeError("liveserver ended before it listened")
    finally:
        node.terminate()
        node.wait(20)


@pytest.fixture(scope="session")
def token():
    """Makes access tokens for the demo class with the development key."""

    def make(sub, role="student"):
        return subprocess.run(
            [BINARY, "token", "--sub", sub, "--role", role, "--room", "demo/cs101/live"],
            check=True, capture_output=True, text=True).stdout.strip()

    return make
