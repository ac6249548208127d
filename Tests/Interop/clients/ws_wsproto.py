"""PyPI wsproto: the protocol alone, here on a plain socket."""

import socket
import ssl
import threading
from urllib.parse import urlsplit

from lines import identity, lines, say
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate


class Client:
    def __init__(self, url, how, token):
        parts = urlsplit(url)
        headers, subprotocols = identity(how, token)
        self.lock = threading.Lock()
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.socket = socket.create_connection((parts.hostname, parts.port), 10)
        self.socket.settimeout(None)
        if parts.scheme == "wss":
            self.socket = ssl.create_default_context().wrap_socket(self.socket, server_hostname=parts.hostname)
        self.text = ""
        self.code = 1006
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self.send(
            Request(
                host=parts.netloc,
                target=target,
                subprotocols=subprotocols,
                extra_headers=[(name.encode(), value.encode()) for name, value in headers.items()],
                extensions=[PerMessageDeflate()],
            )
        )
        threading.Thread(target=self.read, daemon=True).start()

    def send(self, event):
        with self.lock:
            self.socket.sendall(self.protocol.send(event))

    def read(self):
        while True:
            try:
                data = self.socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            with self.lock:
                self.protocol.receive_data(data)
                events = list(self.protocol.events())
            for event in events:
                self.handle(event)
        self.socket.close()
        say("closed", self.code)

    def handle(self, event):
        if isinstance(event, AcceptConnection):
            say("open", event.subprotocol or "-")
        elif isinstance(event, RejectConnection):
            say("failed", event.status_code)
        elif isinstance(event, TextMessage):
            self.text += event.data
            if event.message_finished:
                say("text", self.text)
                self.text = ""
        elif isinstance(event, Ping):
            self.send(event.response())
        elif isinstance(event, Pong):
            say("pong")
        elif isinstance(event, CloseConnection):
            self.code = event.code
            if self.protocol.state.name == "REMOTE_CLOSING":
                self.send(event.response())


def main():
    client = None
    for word, rest in lines():
        if word == "connect":
            client = Client(*rest.split())
        elif word == "send":
            client.send(TextMessage(data=rest))
        elif word == "ping":
            client.send(Ping(payload=b"are you there"))
        elif word == "close":
            client.send(CloseConnection(code=1000))


main()
