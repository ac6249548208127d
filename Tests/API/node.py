"""Owns one liveserver process of the tests' own: a free port, a folder of its own, ended by its process id.

HTTP without a library between: what is judged is what the server sent.
"""

import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("LIVESERVER_BIN", str(ROOT / ".build" / "debug" / "liveserver"))
START_S = 60


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def type(self):
        return self.headers.get("content-type", "")

    def json(self):
        return json.loads(self.body)


class Node:
    def __init__(self, *settings, arguments=()):
        self.folder = tempfile.TemporaryDirectory(prefix="live-api-")
        self.data = pathlib.Path(self.folder.name) / "data"
        command = [BINARY, "serve", "--port", "0", "--threads", "2", "--data-dir", str(self.data), *arguments]
        for setting in settings:
            command += ["--set", setting]
        out = pathlib.Path(self.folder.name) / "out"
        with open(out, "wb") as output, open(pathlib.Path(self.folder.name) / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=output, stderr=log, cwd=self.folder.name)
        end = time.monotonic() + START_S
        while not (found := re.search(r"listening on https?://\S*:(\d+)", out.read_text())):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((pathlib.Path(self.folder.name) / "log").read_text()[-2000:])
            time.sleep(0.02)
        self.port = int(found[1])

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)
        self.folder.cleanup()

    def command(self, *arguments):
        """A command of the administration, on this node's folder."""
        subprocess.run([BINARY, *arguments, "--data-dir", str(self.data)], cwd=self.folder.name, capture_output=True,
                       timeout=60, check=True)

    def token(self, sub, role="student", room="demo/cs101/live", ttl="2h"):
        """A token under the development key."""
        command = [BINARY, "token", "--sub", sub, "--role", role, "--room", room, "--ttl", ttl, "--name", sub.title()]
        done = subprocess.run(command, cwd=self.folder.name, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    def ask(self, method, path, body=None, headers=None, token=None, timeout=60):
        """One request on a connection of its own."""
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            if named.get("content-type") == "text/event-stream":
                return Answer(response.status, named, b"")
            return Answer(response.status, named, response.read())
        finally:
            connection.close()
