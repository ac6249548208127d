"""Owns one liveserver process: start on a free port, kill -9, start again on the same port and data, stop.

Never reads the server's data. Every wait is bounded.
"""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("LIVESERVER_BIN", str(ROOT / ".build" / "debug" / "liveserver"))
START_S = 20


class LiveServer:
    def __init__(self, data):
        self.data = pathlib.Path(data)
        self.port = 0
        self.process = None
        self.lines = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Starts the node; the first start picks a port, later ones take the same again."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [BINARY, "serve", "--host", "127.0.0.1", "--port", str(self.port), "--threads", "2"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "LIVESERVER_DATA_DIR": str(self.data)})
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            listening = next((re.search(r"listening on http://[^:]+:(\d+)", line) for line in self.lines
                              if "listening on" in line), None)
            if listening:
                self.port = int(listening.group(1))
                return self._await_ready(end)
            if self.process.poll() is not None:
                raise RuntimeError("liveserver ended:\n" + "".join(self.lines[-20:]))
            time.sleep(0.02)
        raise RuntimeError("liveserver did not listen:\n" + "".join(self.lines[-20:]))

    def _await_ready(self, end):
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(self.url + "/healthz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("liveserver is not healthy")

    def _read(self, stream):
        for line in stream:
            self.lines.append(line)

    def kill(self):
        """As a power cut would: no goodbye to anybody."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.lines = []

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
