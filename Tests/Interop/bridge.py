"""A client library as the judge sees it: a small program of its language that takes words on standard input and says
what happened on standard output. Between it and the server stands a proxy that can be cut.

Every wait is bounded; programs are ended by their process, whatever happens.
"""

import contextlib
import socket
import subprocess
import threading
import time

# A program of Java or Ruby starts slowly on a busy machine.
PATIENCE_S = 30


class Unmet(Exception):
    """What was expected and did not come."""


class Bridge:
    def __init__(self, command, folder, environment):
        self.said = []
        self.news = threading.Condition()
        self.errors = open(folder / "errors", "ab")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, cwd=folder, env=environment
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.errors.close()

    def _listen(self):
        for line in self.process.stdout:
            with self.news:
                self.said.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.news.notify_all()

    def tell(self, *words):
        try:
            self.process.stdin.write((" ".join(words) + "\n").encode())
            self.process.stdin.flush()
        except OSError:
            raise Unmet("the client's program has ended") from None

    def wait(self, sentence, find, seconds=PATIENCE_S):
        """The first result of `find(all lines said)` that is not None."""
        deadline = time.monotonic() + seconds
        with self.news:
            while True:
                found = find(self.said)
                if found is not None:
                    return found
                left = deadline - time.monotonic()
                if left <= 0:
                    last = self.said[-1][:120] if self.said else "nothing"
                    raise Unmet(f"{sentence}; last said: {last}")
                self.news.wait(left)

    def word(self, word, since=0, seconds=PATIENCE_S):
        """The rest of the first line from `since` on that begins with the word."""

        def find(said):
            for line in said[since:]:
                first, _, rest = line.partition(" ")
                if first == word:
                    return rest
                if first == "failed":
                    raise Unmet(f"the client failed: {rest[:120]}")
            return None

        return self.wait(f"no '{word}'", find, seconds)


class CuttableProxy:
    """Passes bytes both ways until it is cut; remembers the head of the last answer."""

    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answer_head = ""
        self.pairs = []
        self.is_down = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.is_down:
                client.close()
                continue
            server = socket.create_connection(self.target, 10)
            server.settimeout(None)
            self.pairs.append((client, server))
            threading.Thread(target=self._pass, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, []), daemon=True).start()

    def _pass(self, source, sink, head):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if head is not None and b"\r\n\r\n" not in b"".join(head):
                    head.append(data)
                    self.answer_head = b"".join(head).split(b"\r\n\r\n")[0].decode("latin-1")
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Ends every connection without a word of the protocol."""
        for pair in self.pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
        self.pairs.clear()

    def header(self, name):
        """A header of the last answer, or an empty text."""
        for line in self.answer_head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return ""
