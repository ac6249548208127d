"""What a WebSocket library must do with the server, step by step. A step that fails is named; the others go on where
they can.
"""

import json
import time

from bridge import Bridge, CuttableProxy, Unmet
from teacher import Teacher

STEPS = ["header", "subprotocol", "welcome", "command", "ping", "pings", "resume", "4403", "close"]
# Messages and length of each: a welcome of more than 64 KiB needs the longest form of a frame's length.
HISTORY, LENGTH = 50, 900
# Twice the server's silence limit in this run: only a library that answers pings is still there.
IDLE_S = 6


def history():
    return [f"{n} " + "Grüße, 教室 🎓 "[n % 3 :] * (LENGTH // 12) for n in range(HISTORY)]


class SocketJudge:
    def __init__(self, client, node, place, teacher_token, student_token, folder, environment):
        self.client = client
        self.room = f"interop/{client.name}/{place.room}"
        self.place = place
        self.node = node
        self.token = student_token
        self.teacher = Teacher(node.port, self.room, teacher_token)
        self.folder = folder
        self.environment = environment
        self.results = {step: "" for step in STEPS}
        self.extensions = ""
        self.seen = []
        self.position = ("", 0)
        self.resume_token = ""
        self.since = 0

    def run(self):
        with (
            CuttableProxy(self.place.port) as proxy,
            Bridge(self.client.command, self.folder, self.environment) as bridge,
        ):
            self.proxy, self.bridge = proxy, bridge
            for step, work in [
                ("welcome", self.welcome),
                ("command", self.command),
                ("ping", self.ping),
                ("pings", self.pings),
                ("resume", self.resume),
                ("close", self.close),
                ("4403", self.removed),
            ]:
                if step in self.client.lacks:
                    self.results[step] = "–"
                    continue
                try:
                    work()
                    self.results[step] = "ok"
                except Unmet as problem:
                    self.results[step] = f"FAILED: {problem}"
                    if step in ("welcome", "resume"):
                        break
        for step in STEPS:
            self.results[step] = self.results[step] or ("–" if step in self.client.lacks else "FAILED: not reached")
        return self.results

    # Parts of the steps.

    def connect(self, how, query=""):
        if how in self.client.lacks:
            how = "subprotocol"
        self.since = len(self.bridge.said)
        url = f"{self.place.scheme('ws')}://127.0.0.1:{self.proxy.port}/v1/rooms/{self.room}/live{query}"
        self.bridge.tell("connect", url, how, self.token)
        chosen = self.bridge.word("open", self.since)
        if chosen != "live.v1":
            raise Unmet(f"the subprotocol is {chosen}")
        self.results[how] = "ok"
        self.extensions = self.proxy.header("sec-websocket-extensions")

    def message(self, sentence, wanted, seconds=30):
        """The first message since the connect that fits."""

        def find(said):
            for line in said[self.since :]:
                if line.startswith("text "):
                    message = json.loads(line[5:])
                    if wanted(message):
                        return message
            return None

        return self.bridge.wait(f"no {sentence}", find, seconds)

    def messages(self):
        return [json.loads(line[5:]) for line in self.bridge.said[self.since :] if line.startswith("text ")]

    def end(self):
        """Notes the position, as a client does, and the code with which the connection ended."""
        for message in self.messages():
            if "epoch" in message:
                self.position = (message["epoch"], message["seq"])
            elif "seq" in message and "ev" in message:
                self.position = (self.position[0], max(self.position[1], message["seq"]))
            self.resume_token = message.get("resume", self.resume_token)

    # The steps.

    def welcome(self):
        texts = history()
        self.teacher.say(*texts)
        self.connect("header")
        welcome = self.message("welcome", lambda message: message.get("ev") == "welcome")
        if [entry["text"] for entry in welcome["state"]["chat"]] != texts:
            raise Unmet("the welcome holds other texts than were sent")
        if len(json.dumps(welcome, ensure_ascii=False).encode()) <= 65536:
            raise Unmet("the welcome is too short for the test")

    def command(self):
        text = "aus dem Client: ñ ☃ 🎓 " + "x" * 300
        body = {"op": "chat_send", "id": "c1", "text": text}
        self.bridge.tell("send", json.dumps(body, ensure_ascii=False))
        reply = self.message("reply", lambda message: message.get("re") == "c1")
        if not reply["ok"]:
            raise Unmet(f"refused: {reply}")
        order = [
            message.get("seq") for message in self.messages() if "ev" not in message or message.get("text") == text
        ]
        if order != [reply["seq"], reply["seq"]] or self.messages()[-1].get("re") not in ("c1", None):
            raise Unmet(f"event and reply came as {order}")
        seqs = self.teacher.say("one", "two", "three")
        self.message("event of another", lambda message: message.get("seq") == seqs[-1])
        got = [message["text"] for message in self.messages() if message.get("seq") in seqs]
        if got != ["one", "two", "three"]:
            raise Unmet(f"events came as {got}")

    def ping(self):
        start = len(self.bridge.said)
        self.bridge.tell("ping")
        self.bridge.word("pong", start)

    def pings(self):
        time.sleep(IDLE_S)
        if any(line.startswith("closed") for line in self.bridge.said[self.since :]):
            raise Unmet("the connection ended while it was idle")
        self.bridge.tell("send", '{"op":"heartbeat","id":"h1","seq":1}')
        self.message("reply after the silence", lambda message: message.get("re") == "h1")

    def resume(self):
        self.proxy.cut()
        code = self.bridge.word("closed", self.since)
        if code not in ("1006", "-"):
            raise Unmet(f"a cut connection was reported as {code}")
        self.end()
        missed = [f"missed {n} ü 🎓" for n in range(20)]
        self.teacher.say(*missed)
        epoch, seq = self.position
        self.connect("subprotocol", f"?resume={self.resume_token}&cursor={epoch}.{seq}")
        self.message("resumed", lambda message: message.get("ev") == "resumed")
        last = self.teacher.say("after")[0]
        self.message("event after the resume", lambda message: message.get("seq") == last)
        got = [message["text"] for message in self.messages() if message.get("ev") == "chat_message"]
        if got != [*missed, "after"]:
            raise Unmet(f"lost or doubled: {len(got)} events instead of {len(missed) + 1}")

    def close(self):
        self.bridge.tell("close")
        code = self.bridge.word("closed", self.since)
        if code not in ("1000", "-"):
            raise Unmet(f"the close was reported as {code}")
        self.teacher.wait_gone(self.client.name)

    def removed(self):
        self.connect("header")
        self.message("welcome", lambda message: message.get("ev") == "welcome")
        self.teacher.command("remove", participant=self.client.name)
        code = self.bridge.word("closed", self.since)
        if code not in ("4403", "-"):
            raise Unmet(f"4403 was reported as {code}")
