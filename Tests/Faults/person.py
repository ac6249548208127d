"""A participant over WebSocket, server-sent events or long poll: the standard library's asyncio and nothing else.

Keeps what a client of the contract keeps (position, resume token), and checks what the contract says about it: the
position rises, no event comes twice. Faults of the protocol are collected in `faults`, never raised.
"""

import asyncio
import base64
import json
import os
import struct

ROOM_PATH = "/v1/rooms/{}"
# Beyond what a slow machine under a sanitizer needs.
ANSWER_S = 60


class Gone(Exception):
    """The connection ended; `code` is the close code, 0 where none was said."""

    def __init__(self, code=0, reason=""):
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class Person:
    def __init__(self, port, token, room, transport="ws", device=None):
        self.port, self.token, self.room, self.transport = port, token, room, transport
        self.device = device or base64.urlsafe_b64encode(os.urandom(9)).decode()
        self.epoch, self.seq, self.resume = None, 0, None
        self.faults = []
        self.texts = {}
        self.order = []
        self.resets = self.resumes = self.welcomes = self.events = 0
        self.heard = {"ws": 0, "sse": 0, "poll": 0}
        self.results = {}
        self.you = {}
        self._waiting = {}
        self._reader = self._writer = None
        self._number = 0
        self.on_event = None

    # What the room said.

    def take(self, event):
        """One event or reply as it came."""
        if "re" in event:
            waiting = self._waiting.pop(event["re"], None)
            if waiting and not waiting.done():
                waiting.set_result(event)
            if "resume" in event:
                self.resume = event["resume"]
            return
        self.events += 1
        self.heard[self.transport] += 1
        name = event.get("ev")
        if name == "welcome":
            self.welcomes += 1
            self.resets += bool(event.get("reset"))
            if self.epoch == event["epoch"] and event["seq"] < self.seq:
                self.faults.append(f"welcome at {event['seq']} before {self.seq}")
            self.epoch, self.seq, self.resume = event["epoch"], event["seq"], event["resume"]
            self.you = event.get("you", {})
            for message in event["state"]["chat"]:
                self.texts.setdefault(message.get("text", ""), 1)
        elif name == "resumed":
            self.resumes += 1
            self.resume = event["resume"]
            if event["from"] != self.seq:
                self.faults.append(f"resumed from {event['from']}, not from {self.seq}")
        elif "seq" in event:
            if event["seq"] <= self.seq:
                self.faults.append(f"{name} {event['seq']} after {self.seq}")
            self.seq = max(self.seq, event["seq"])
            if name == "chat_message":
                text = event["text"]
                self.texts[text] = self.texts.get(text, 0) + 1
                if self.texts[text] > 1:
                    self.faults.append(f"twice: {text}")
                self.order.append((event["seq"], text))
            elif name == "poll_results":
                self.results[event["poll"]] = event
        if self.on_event:
            self.on_event(event)

    # Connections.

    def _query(self, extra=""):
        query = f"?device={self.device}"
        if self.resume:
            query += f"&resume={self.resume}&cursor={self.epoch}.{self.seq}"
        return query + extra

    async def _open(self, receive_bytes=None):
        """`receive_bytes` bounds the kernel's buffer, for readers that are to be slow."""
        import socket

        plug = socket.socket()
        plug.setblocking(False)
        if receive_bytes:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        await asyncio.get_running_loop().sock_connect(plug, ("127.0.0.1", self.port))
        limit = receive_bytes or 1 << 20
        self._reader, self._writer = await asyncio.open_connection(sock=plug, limit=limit)

    async def _head(self):
        text = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        status = int(text.split()[1])
        fields = dict(line.lower().split(": ", 1) for line in text.split("\r\n")[1:] if ": " in line)
        return status, fields

    async def connect(self, receive_bytes=None):
        """Opens the transport's connection; long poll needs none."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._connect(receive_bytes)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Gone(0, str(error)) from error

    async def _connect(self, receive_bytes):
        if self.transport == "poll":
            return
        await self._open(receive_bytes)
        path = ROOM_PATH.format(self.room) + "/live" + self._query()
        if self.transport == "ws":
            key = base64.b64encode(os.urandom(16)).decode()
            more = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            more += "Sec-WebSocket-Version: 13\r\n"
        else:
            more = "Accept: text/event-stream\r\n"
        self._writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n{more}\r\n".encode()
        )
        status, _ = await self._head()
        if status != (101 if self.transport == "ws" else 200):
            raise Gone(status, "refused")

    def cut(self):
        """Ends the connection as a lost network does, without a word."""
        if self._writer:
            self._writer.transport.abort()
        self._writer = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Gone(0, "cut"))
                waiting.exception()
        self._waiting.clear()

    async def run(self):
        """Takes what comes until the connection ends; raises Gone."""
        try:
            if self.transport == "ws":
                await self._run_socket()
            elif self.transport == "sse":
                await self._run_stream()
            else:
                await self._run_polls()
        except (OSError, asyncio.IncompleteReadError, AttributeError) as error:
            raise Gone(0, str(error)) from error
        finally:
            self.cut()

    async def _run_socket(self):
        while True:
            first, second = await self._reader.readexactly(2)
            count = second & 127
            if count == 126:
                (count,) = struct.unpack(">H", await self._reader.readexactly(2))
            elif count == 127:
                (count,) = struct.unpack(">Q", await self._reader.readexactly(8))
            payload = await self._reader.readexactly(count)
            opcode = first & 15
            if opcode == 1:
                self.take(json.loads(payload))
            elif opcode == 9:
                self._frame(10, payload)
            elif opcode == 8:
                self._frame(8, payload[:2])
                code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
                raise Gone(code, payload[2:].decode())

    async def _run_stream(self):
        # The stream ends with the connection: its body has no framing of its own (RFC 9112 §6.3).
        while True:
            block = await self._reader.readuntil(b"\n\n")
            data = [line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:")]
            if not data:
                continue
            event = json.loads(b"\n".join(data))
            if event.get("ev") == "closed":
                raise Gone(event.get("code", 0), event.get("reason", ""))
            self.take(event)

    async def _run_polls(self):
        while True:
            cursor = self._query("&wait=2") if self.epoch else self._query()
            status, body = await self._exchange("GET", "/live" + cursor, None)
            if status != 200:
                raise Gone(status, "refused")
            for event in body["events"]:
                self.take(event)

    async def _exchange(self, method, path, body):
        """One HTTP request on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            content = json.dumps(body).encode() if body is not None else b""
            head = f"{method} {ROOM_PATH.format(self.room)}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            head += f"Authorization: Bearer {self.token}\r\n"
            if body is not None:
                head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
            writer.write(head.encode() + b"\r\n" + content)
            async with asyncio.timeout(ANSWER_S):
                raw = await reader.read()
        finally:
            writer.transport.abort()
        head, _, content = raw.partition(b"\r\n\r\n")
        if not head:
            raise Gone(0, "no answer")
        if b"transfer-encoding: chunked" in head.lower():
            content = _unchunked(content)
        return int(head.split()[1]), json.loads(content) if content else {}

    def _frame(self, opcode, payload):
        if not self._writer:
            return
        mask = os.urandom(4)
        count = len(payload)
        size = bytes([128 | count]) if count < 126 else bytes([128 | 126]) + struct.pack(">H", count)
        key = (mask * (count // 4 + 1))[:count]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(count, "big")
        self._writer.write(bytes([128 | opcode]) + size + mask + masked)

    # Commands.

    async def send(self, op, seconds=ANSWER_S, **members):
        """The reply to one command; None where its outcome is unknown."""
        self._number += 1
        number = members.pop("id", f"{self.device}-{self._number}")
        command = {"op": op, "id": number, **members}
        try:
            if self.transport == "ws":
                if not self._writer:
                    return None
                waiting = asyncio.get_running_loop().create_future()
                self._waiting[number] = waiting
                self._frame(1, json.dumps(command).encode())
                async with asyncio.timeout(seconds):
                    return await waiting
            async with asyncio.timeout(seconds):
                _, reply = await self._exchange("POST", "/commands", command)
            return reply if "re" in reply else None
        except (OSError, Gone, ValueError, asyncio.TimeoutError):
            self._waiting.pop(number, None)
            return None


def _unchunked(content):
    whole = b""
    while content:
        size, _, content = content.partition(b"\r\n")
        count = int(size, 16)
        if count == 0:
            break
        whole, content = whole + content[:count], content[count + 2 :]
    return whole
