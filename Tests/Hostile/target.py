"""What attackers share: plain blocking sockets against one node, frames built by hand, and pumps that never tire.

Runs in processes of their own, so that an attacker's work is never mistaken for a delay of the server.
"""

import base64
import os
import selectors
import socket
import struct
import time

ANSWER_S = 30


class Refused(Exception):
    """The node answered a handshake with another status."""

    def __init__(self, status):
        super().__init__(str(status))
        self.status = status


def frame(opcode, payload=b"", final=True, mask=b"\x11\x22\x33\x44", compressed=False):
    """A masked frame of a client."""
    count = len(payload)
    first = (0x80 if final else 0) | (0x40 if compressed else 0) | opcode
    if count < 126:
        head = struct.pack(">BB", first, 0x80 | count)
    elif count < 65536:
        head = struct.pack(">BBH", first, 0x80 | 126, count)
    else:
        head = struct.pack(">BBQ", first, 0x80 | 127, count)
    key = (mask * (count // 4 + 1))[:count]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(count, "big")
    return head + mask + masked


def close_code(tail):
    """The close code in the last bytes of a stream of server frames; 0 without one."""
    for count in range(2, min(126, len(tail) - 1)):
        at = len(tail) - count - 2
        if tail[at] == 0x88 and tail[at + 1] == count:
            return struct.unpack(">H", tail[at + 2 : at + 4])[0]
    return 0


def reset(plug):
    """Ends a connection with RST instead of FIN."""
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plug.close()


def vanish(plug):
    """Ends a connection without a packet, as a lost network does; False where the kernel does not let us."""
    try:
        plug.setsockopt(socket.IPPROTO_TCP, 19, 1)  # TCP_REPAIR
    except OSError:
        plug.close()
        return False
    plug.close()
    return True


class Target:
    def __init__(self, port, room, tokens, teacher, poll=None):
        self.port, self.room, self.tokens, self.teacher, self.poll = port, room, tokens, teacher, poll

    def plug(self, receive_bytes=None, source=None):
        plug = socket.socket()
        plug.settimeout(ANSWER_S)
        if receive_bytes:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        if source:
            plug.bind((source, 0))
        plug.connect(("127.0.0.1", self.port))
        return plug

    def head(self, token, transport="ws", room=None, query="", fields=""):
        """The bytes that ask for a place in a room."""
        key = base64.b64encode(os.urandom(16)).decode()
        more = "Accept: text/event-stream\r\n"
        if transport == "ws":
            more = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            more += "Sec-WebSocket-Version: 13\r\n"
        return (
            f"GET /v1/rooms/{room or self.room}/live{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {token}\r\n{more}{fields}\r\n"
        ).encode()

    def join(self, token, transport="ws", room=None, query="", receive_bytes=None, fields=""):
        """A connection in the room, its head read; what followed the head is thrown away."""
        plug = self.plug(receive_bytes)
        plug.sendall(self.head(token, transport, room, query, fields))
        status, _, _ = read_head(plug)
        if status != (101 if transport == "ws" else 200):
            plug.close()
            raise Refused(status)
        return plug

    def crowd(self, count, **how):
        return [self.join(token, **how) for token in self.tokens[:count]]

    def request(self, text, body=b"", source=None):
        """Status and body of one request on a connection of its own."""
        plug = self.plug(source=source)
        try:
            plug.sendall(text.encode() + body)
            return answer(plug)
        finally:
            plug.close()


def read_head(plug):
    held = b""
    while b"\r\n\r\n" not in held:
        piece = plug.recv(65536)
        if not piece:
            raise ConnectionResetError("the server ended in mid-head")
        held += piece
    head, _, rest = held.partition(b"\r\n\r\n")
    return int(head.split()[1]), head, rest


def answer(plug):
    """Status and what of the body came until the connection's end; (0, b"") where the server says nothing."""
    held = b""
    try:
        while True:
            piece = plug.recv(65536)
            if not piece:
                break
            held += piece
    except (ConnectionResetError, BrokenPipeError, TimeoutError):
        pass
    if not held.startswith(b"HTTP/1.1 "):
        return 0, held
    head, _, body = held.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


class Pump:
    """Sends the same bytes over many connections as fast as they are taken, and reads (or not) what comes back."""

    def __init__(self, payload, reads=True, first=b""):
        self.payload, self.reads, self.first = memoryview(payload), reads, first
        self.sent = self.read = 0
        self.ends = {}
        self.selector = selectors.DefaultSelector()
        self.plugs = {}

    def add(self, plug):
        if self.first:
            plug.sendall(self.first)
        plug.setblocking(False)
        interest = selectors.EVENT_WRITE | (selectors.EVENT_READ if self.reads else 0)
        self.plugs[plug] = [0, b""]
        self.selector.register(plug, interest)

    def run(self, seconds, pause=0.0):
        """Pumps until the time is over or nobody is left."""
        end = time.monotonic() + seconds
        while self.plugs and time.monotonic() < end:
            for key, events in self.selector.select(0.1):
                self.step(key.fileobj, events)
            if pause:
                time.sleep(pause)
        return self

    def step(self, plug, events):
        state = self.plugs[plug]
        try:
            if events & selectors.EVENT_READ:
                piece = plug.recv(262144)
                if not piece:
                    return self.end(plug, f"closed {close_code(state[1])}")
                self.read += len(piece)
                state[1] = (state[1] + piece)[-256:]
            if events & selectors.EVENT_WRITE:
                count = plug.send(self.payload[state[0] :])
                self.sent += count
                state[0] = (state[0] + count) % len(self.payload)
        except (BlockingIOError, InterruptedError):
            pass
        except (ConnectionResetError, BrokenPipeError):
            code = close_code(state[1])
            self.end(plug, f"closed {code}" if code else "reset")

    def end(self, plug, how):
        self.ends[how] = self.ends.get(how, 0) + 1
        self.selector.unregister(plug)
        del self.plugs[plug]
        plug.close()

    def finish(self):
        for plug in list(self.plugs):
            self.end(plug, "stayed")
        return {"sent": self.sent, "read": self.read, "ends": self.ends}


def wait_ends(plugs, seconds):
    """Reads all plugs until the server has ended each or the time is over: how many it ended, and the last when."""
    began = time.monotonic()
    selector = selectors.DefaultSelector()
    for plug in plugs:
        plug.setblocking(False)
        selector.register(plug, selectors.EVENT_READ)
    statuses, left, last = {}, len(plugs), 0.0
    while left and time.monotonic() < began + seconds:
        for key, _ in selector.select(0.1):
            try:
                piece = key.fileobj.recv(65536)
            except (ConnectionResetError, BrokenPipeError):
                piece = b""
            if piece.startswith(b"HTTP/1.1 "):
                status = piece.split()[1].decode()
                statuses[status] = statuses.get(status, 0) + 1
            if not piece:
                selector.unregister(key.fileobj)
                left -= 1
                last = time.monotonic() - began
    for plug in plugs:
        plug.close()
    return {"ended": len(plugs) - left, "of": len(plugs), "last_s": round(last, 2), "statuses": statuses}
