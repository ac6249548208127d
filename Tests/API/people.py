"""A participant whose every message is judged by the AsyncAPI document, in both directions, on each transport.

Faults are collected in `faults` and never raised: a lesson goes on, and its end looks at them all.
"""

import asyncio
import contextlib
import itertools
import json
import urllib.parse

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

import documents

ANSWER_S = 60


class Person:
    faults = []
    seen = {"event": set(), "command": set(), "reply": set(), "refusal": set()}
    numbers = itertools.count(1)

    def __init__(self, node, token, room="demo/cs101/live"):
        self.node, self.token, self.path = node, token, f"/v1/rooms/{room}"
        self.events, self.arrived = [], asyncio.Event()
        self.epoch, self.seq, self.resume = None, 0, None

    def judge(self, kind, name, value):
        self.seen[kind].add(name or value["error"]["code"])
        self.faults.extend(documents.message_faults(kind, name, value))

    def take(self, event):
        self.judge("event", event.get("ev"), event)
        if event["ev"] in ("welcome", "resumed"):
            self.resume, self.epoch = event["resume"], event.get("epoch", self.epoch)
        self.seq = max(self.seq, event.get("seq", 0))
        self.events.append(event)
        self.arrived.set()

    async def event(self, name, where=lambda event: True):
        """The first event of a name that fits, also one that came before."""
        async with asyncio.timeout(ANSWER_S):
            while True:
                for event in self.events:
                    if event["ev"] == name and where(event):
                        return event
                self.arrived.clear()
                await self.arrived.wait()

    def command(self, op, members):
        command = {"op": op, "id": members.pop("id", f"c{next(self.numbers)}"), **members}
        self.seen["command"].add(op)
        return command

    def replied(self, op, reply, expects):
        if reply["ok"]:
            self.judge("reply", op, reply)
        else:
            self.judge("refusal", None, reply)
        code = None if reply["ok"] else reply["error"]["code"]
        assert code == expects, f"{op}: {reply}"
        return reply

    async def post(self, op, expects=None, **members):
        """A command over HTTP."""
        command = self.command(op, members)
        answer = await asyncio.to_thread(
            self.node.ask, "POST", f"{self.path}/commands", command, None, self.token)
        return self.replied(op, answer.json(), expects)


class SocketPerson(Person):
    async def __aenter__(self):
        query = {"resume": self.resume, "cursor": f"{self.epoch}.{self.seq}"} if self.resume else {}
        address = f"ws://127.0.0.1:{self.node.port}{self.path}/live?{urllib.parse.urlencode(query)}"
        self.socket = await connect(address, subprotocols=["live.v1", f"bearer.{self.token}"], max_size=None)
        assert self.socket.subprotocol == "live.v1"
        self.waiting = {}
        self.reader = asyncio.create_task(self.read())
        return self

    async def __aexit__(self, *_):
        await self.socket.close()
        await self.reader

    async def read(self):
        with contextlib.suppress(ConnectionClosedError):
            async for text in self.socket:
                message = json.loads(text)
                if "re" in message:
                    self.waiting.pop(message["re"]).set_result(message)
                else:
                    self.take(message)

    async def send(self, op, expects=None, **members):
        """A command and its reply; `expects` is the code of a refusal."""
        command = self.command(op, members)
        if expects is None:
            self.judge("command", op, command)
        future = self.waiting[command["id"]] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps(command))
        async with asyncio.timeout(ANSWER_S):
            return self.replied(op, await future, expects)

    async def nonsense(self, text):
        """Sends what is no command; the reply has no id."""
        future = self.waiting[None] = asyncio.get_running_loop().create_future()
        await self.socket.send(text)
        async with asyncio.timeout(ANSWER_S):
            return self.replied("nonsense", await future, "bad_request")


class StreamPerson(Person):
    async def __aenter__(self):
        self.reader_stream, self.writer = await asyncio.open_connection("127.0.0.1", self.node.port, limit=1 << 22)
        self.writer.write(
            f"GET {self.path}/live HTTP/1.1\r\nHost: 127.0.0.1:{self.node.port}\r\nAccept: text/event-stream\r\n"
            f"Authorization: Bearer {self.token}\r\n\r\n".encode())
        await self.reader_stream.readuntil(b"\r\n\r\n")
        self.reader = asyncio.create_task(self.read())
        await self.event("welcome")
        return self

    async def __aexit__(self, *_):
        self.writer.close()
        self.reader.cancel()

    async def read(self):
        while True:
            try:
                block = await self.reader_stream.readuntil(b"\n\n")
            except asyncio.IncompleteReadError:
                return
            data = [line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:")]
            identity = [line[3:].strip().decode() for line in block.split(b"\n") if line.startswith(b"id:")]
            if not data:
                continue
            event = json.loads(b"\n".join(data))
            self.take(event)
            if "seq" in event and identity != [f"{self.epoch}.{event['seq']}"]:
                self.faults.append(f"id {identity} of {event}")


class PollPerson(Person):
    async def poll(self, wait=0):
        query = {"wait": wait, **({"cursor": self.cursor, "resume": self.resume} if self.resume else {})}
        answer = await asyncio.to_thread(
            self.node.ask, "GET", f"{self.path}/live?{urllib.parse.urlencode(query)}", None, None, self.token)
        body = answer.json()
        self.faults.extend(documents.faults(body, {"$ref": "#/components/schemas/LongPoll"}))
        for event in body["events"]:
            self.take(event)
        self.cursor, self.resume = body["cursor"], body["resume"]
        return body["events"]
