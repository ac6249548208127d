"""A real liveserver as a child process: started on a free port, killed, ended and started again on the same folder.

The binary is $LIVESERVER_BIN (default: the debug build of this repository). Every wait is bounded; what is started here
is ended by its process id, whatever happens.
"""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOM = "school/faults/live"
# A sanitizer's build starts slowly on a busy machine.
START_S = 120


def binary():
    return os.environ.get("LIVESERVER_BIN") or str(ROOT / ".build/debug/liveserver")


class Node:
    """`settings` are key=value as `--set` takes them; `folder` keeps data and standard error."""

    def __init__(self, settings=(), threads=2, folder=None, data=None):
        self._own = None
        if folder is None:
            self._own = tempfile.TemporaryDirectory(prefix="live-faults-")
            folder = self._own.name
        self.folder = pathlib.Path(folder)
        self.data = str(data or self.folder / "data")
        self.settings = list(settings)
        self.threads = threads
        self.port = 0
        self.process = None
        self.endings = []

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
        if self._own:
            self._own.cleanup()

    def start(self):
        arguments = [binary(), "serve", "--threads", str(self.threads), "--data-dir", self.data]
        arguments += ["--port", str(self.port)]
        for setting in self.settings:
            arguments += ["--set", setting]
        out = self.folder / "stdout"
        with open(out, "wb") as output, open(self.folder / "stderr", "ab") as errors:
            self.process = subprocess.Popen(arguments, stdout=output, stderr=errors, cwd=self.folder)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            found = re.search(r"listening on https?://\S*:(\d+)", out.read_text())
            if found:
                self.port = int(found.group(1))
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise SystemExit(f"the server did not start: {self.standard_error()[-2000:]}")

    def kill(self):
        self.process.kill()
        self.endings.append(self.process.wait(30))

    def end(self, seconds=60):
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        self.endings.append(self.process.wait(seconds))
        return self.endings[-1]

    def is_running(self):
        return self.process.poll() is None

    def standard_error(self):
        return (self.folder / "stderr").read_text(errors="replace")

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    def tokens(self, name, count, role="student", room=ROOM):
        """`count` tokens for name-1 … name-count under the development key."""
        arguments = [binary(), "token", "--sub", name, "--role", role, "--room", room, "--count", str(count)]
        done = subprocess.run(arguments, cwd=self.folder, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout.split()


class Verdict:
    """Collects what was promised and whether it held; prints one line each and ends with the exit status."""

    def __init__(self, title):
        self.failures = 0
        print(f"== {title}", flush=True)

    def check(self, held, sentence):
        print(("ok    " if held else "FAIL  ") + sentence, flush=True)
        self.failures += not held
        return held

    def exit(self):
        raise SystemExit(1 if self.failures else 0)
