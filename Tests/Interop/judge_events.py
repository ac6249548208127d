"""What a client of server-sent events must do with the server, step by step."""

import json
import time

from bridge import Bridge, CuttableProxy, Unmet
from teacher import Teacher

STEPS = ["welcome", "command", "comments", "resume", "4403"]
# Several comments of the server in this run.
IDLE_S = 3.5


class EventsJudge:
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
        self.since = 0

    def run(self):
        with (
            CuttableProxy(self.place.port) as proxy,
            Bridge(self.client.command, self.folder, self.environment) as bridge,
        ):
            self.proxy, self.bridge = proxy, bridge
            for step in STEPS:
                work = {"4403": self.removed}.get(step) or getattr(self, step)
                try:
                    work()
                    self.results[step] = "ok"
                except Unmet as problem:
                    self.results[step] = f"FAILED: {problem}"
                    break
        for step in STEPS:
            self.results[step] = self.results[step] or "FAILED: not reached"
        return self.results

    def connect(self, last=None):
        self.since = len(self.bridge.said)
        url = f"{self.place.scheme('http')}://127.0.0.1:{self.proxy.port}/v1/rooms/{self.room}/live?device=d"
        self.bridge.tell("connect", url, self.token, *([last] if last else []))
        self.bridge.word("open", self.since)

    def events(self):
        """Pairs of id and event since the connect."""
        pairs = []
        for line in self.bridge.said[self.since :]:
            if line.startswith("event "):
                _, identity, data = line.split(" ", 2)
                pairs.append((identity, json.loads(data)))
        return pairs

    def event(self, sentence, wanted, seconds=30):
        return self.bridge.wait(
            f"no {sentence}", lambda _: next((pair for pair in self.events() if wanted(pair[1])), None), seconds
        )

    def welcome(self):
        texts = [f"{n} " + "Grüße, 教室 🎓 " * 70 for n in range(50)]
        self.teacher.say(*texts)
        self.connect()
        identity, welcome = self.event("welcome", lambda event: event.get("ev") == "welcome")
        if identity != f"{welcome['epoch']}.{welcome['seq']}":
            raise Unmet(f"the welcome's id is {identity}")
        if [entry["text"] for entry in welcome["state"]["chat"]] != texts:
            raise Unmet("the welcome holds other texts than were sent")
        self.epoch = welcome["epoch"]

    def command(self):
        reply = self.teacher.command("chat_send", token=self.token, text="aus dem Client: ñ ☃ 🎓")
        seqs = [reply["seq"], *self.teacher.say("one", "two", "three")]
        self.event("event", lambda event: event.get("seq") == seqs[-1])
        got = [identity for identity, event in self.events() if event.get("ev") == "chat_message"]
        if got != [f"{self.epoch}.{seq}" for seq in seqs]:
            raise Unmet(f"ids came as {got}")

    def comments(self):
        count = len(self.events())
        time.sleep(IDLE_S)
        extra = [event for _, event in self.events()[count:] if event.get("ev") != "presence"]
        if extra or any(line.startswith("closed") for line in self.bridge.said[self.since :]):
            raise Unmet("comments were taken for something else")

    def resume(self):
        last = [identity for identity, event in self.events() if "seq" in event][-1]
        start = len(self.bridge.said)
        self.proxy.is_down = True
        self.proxy.cut()
        if not self.client.returns:
            self.bridge.word("closed", start)
        missed = [f"missed {n} ü 🎓" for n in range(20)]
        self.teacher.say(*missed)
        self.proxy.is_down = False
        if self.client.returns:
            self.since = start
        else:
            self.connect(last)
        self.event("resumed", lambda event: event.get("ev") == "resumed")
        seq = self.teacher.say("after")[0]
        self.event("event after the resume", lambda event: event.get("seq") == seq)
        got = [event["text"] for _, event in self.events() if event.get("ev") == "chat_message"]
        if got != [*missed, "after"]:
            raise Unmet(f"lost or doubled: {len(got)} events instead of {len(missed) + 1}")

    def removed(self):
        self.teacher.command("remove", participant=self.client.name)
        self.event("closing event with 4403", lambda event: event.get("ev") == "closed" and event["code"] == 4403)
