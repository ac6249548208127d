#!/usr/bin/env python3
"""A busy class: people on all three transports chat, vote, lose their network and come back, for a while.

    busy.py [SECONDS] [PEOPLE]        the node is $LIVESERVER_BIN, for instance one built with a sanitizer

Checks that the node lives, that no event comes twice or out of order, and that a person who never left saw each
message that was acknowledged to anybody. Prints what the node wrote to standard error if a sanitizer spoke there.
"""

import asyncio
import random
import sys
import tempfile
import time

from node import ROOM, Node, Verdict
from person import Gone, Person

TRANSPORTS = ("ws", "sse", "poll")
SETTINGS = ["limits.student_rate=1000", "limits.student_burst=1000", "limits.idle_room_unload_s=1"]
ROOMS = [ROOM, "school/faults/second", "school/faults/third"]
# A second of a sanitizer's debug build on a busy machine holds little: what is still on its way gets this long.
SETTLE_S = 20


class Class:
    """One room: a teacher who opens polls, a witness who never leaves, and those who come and go."""

    def __init__(self, node, room, people, dice):
        self.node, self.room, self.dice = node, room, dice
        teacher = node.tokens(f"teacher-{room[-1]}", 1, "instructor", room)[0]
        witness = node.tokens(f"witness-{room[-1]}", 1, "student", room)[0]
        students = node.tokens("student", people, "student", room)
        self.teacher = Person(node.port, teacher, room)
        self.witness = Person(node.port, witness, room)
        self.people = [Person(node.port, token, room, TRANSPORTS[i % 3]) for i, token in enumerate(students)]
        self.acknowledged = []
        self.refused = {}
        self.unknown = 0
        self.cuts = 0
        self.poll = None
        self.ballots = 0
        self.closes = {}
        for person in self.people:
            person.on_event = self.watch
        self.is_quiet = False
        self.is_over = False

    def watch(self, event):
        if event.get("ev") == "poll_started":
            self.poll = event["poll"]

    async def live(self, person, may_leave):
        """Keeps a person connected, in mid-life over another transport now and then."""
        while not self.is_over:
            try:
                await person.connect()
                await person.run()
            except (Gone, asyncio.TimeoutError) as gone:
                code = getattr(gone, "code", 0)
                if code and may_leave:
                    self.closes[code] = self.closes.get(code, 0) + 1
                elif not may_leave and not self.is_over:
                    person.faults.append(f"the one who stays was sent away: {gone}")
            if may_leave and self.dice.random() < 0.5:
                person.transport = self.dice.choice(TRANSPORTS)
            await asyncio.sleep(self.dice.random() * 0.3)

    async def act(self, person, number):
        count = 0
        while not self.is_quiet:
            await asyncio.sleep(0.2 + self.dice.random() * 3)
            what = self.dice.random()
            if what < 0.55:
                count += 1
                text = f"{self.room} {number} {count} " + "x" * self.dice.randrange(400)
                self.note(await person.send("chat_send", text=text), text)
            elif what < 0.75 and self.poll:
                attempt = f"a-{number}-{self.poll}"
                reply = await person.send("poll_answer", poll=self.poll, attempt_id=attempt, choice=number % 3)
                self.ballots += bool(reply and reply["ok"])
                self.note(reply)
            elif what < 0.85:
                self.note(await person.send("hand_raise"))
                self.note(await person.send("hand_lower"))
            elif what < 0.9:
                self.note(await person.send("question_ask", text=f"why {number}?", anonymous=number % 2 == 0))
            else:
                self.cuts += 1
                person.cut()

    async def teach(self):
        while not self.is_quiet:
            reply = await self.teacher.send(
                "poll_open", question="?", kind="single", options=["a", "b", "c"], show="live"
            )
            await asyncio.sleep(4)
            if reply and reply["ok"]:
                await self.teacher.send("poll_close", poll=reply["poll"])

    def note(self, reply, text=None):
        if reply is None:
            self.unknown += 1
        elif reply["ok"]:
            if text:
                self.acknowledged.append(text)
        else:
            code = reply["error"]["code"]
            self.refused[code] = self.refused.get(code, 0) + 1

    async def settle(self):
        deadline = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline and self.missing():
            await asyncio.sleep(0.2)

    def missing(self):
        return [text for text in self.acknowledged if text not in self.witness.texts]


async def run(node, seconds, people, verdict):
    dice = random.Random(1)
    classes = [Class(node, room, people // len(ROOMS), dice) for room in ROOMS]
    lives, acts = [], []
    for room in classes:
        lives += [asyncio.create_task(room.live(p, False)) for p in (room.teacher, room.witness)]
        lives += [asyncio.create_task(room.live(p, True)) for p in room.people]
        acts += [asyncio.create_task(room.act(p, n)) for n, p in enumerate(room.people)]
        acts.append(asyncio.create_task(room.teach()))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and node.is_running():
        await asyncio.sleep(0.25)
    for room in classes:
        room.is_quiet = True
    for task in acts:
        task.cancel()
    await asyncio.gather(*acts, return_exceptions=True)
    for room in classes:
        await room.settle()
        room.is_over = True
    for task in lives:
        task.cancel()
    await asyncio.gather(*lives, return_exceptions=True)
    judge(classes, verdict)


def judge(classes, verdict):
    for room in classes:
        everybody = room.people + [room.teacher, room.witness]
        faults = [fault for person in everybody for fault in person.faults]
        print(
            f"      {room.room}: {len(room.acknowledged)} messages, {room.ballots} ballots acknowledged; "
            f"{room.cuts} cuts, {sum(p.resumes for p in everybody)} resumed, {sum(p.resets for p in everybody)} reset, "
            f"{sum(p.events for p in everybody)} events; unknown {room.unknown}, refused {room.refused}, "
            f"closed {room.closes}"
        )
        verdict.check(len(room.acknowledged) > 0, f"{room.room}: messages were acknowledged")
        verdict.check(not faults, f"{room.room}: every event once and in order {faults[:3] or ''}")
        for transport in TRANSPORTS:
            heard = sum(person.heard[transport] for person in room.people)
            verdict.check(heard > 0, f"{room.room}: {heard} events over {transport}")
        missing = room.missing()
        verdict.check(not missing, f"{room.room}: the witness saw every acknowledged message {missing[:2] or ''}")


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    people = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    verdict = Verdict(f"{people} people for {seconds:g} s")
    with Node(SETTINGS) as node:
        asyncio.run(run(node, seconds, people, verdict))
        if verdict.check(node.is_running(), "the node is alive"):
            status = node.end()
            verdict.check(status == 0, f"the node ends cleanly (status {status})")
        said = node.standard_error()
        reports = [line for line in said.splitlines() if "Sanitizer" in line or "atal error" in line]
        if not verdict.check(not reports, f"no sanitizer report ({len(reports)})"):
            with tempfile.NamedTemporaryFile("w", prefix="live-report-", suffix=".txt", delete=False) as kept:
                kept.write(said)
            print(f"      kept in {kept.name}", *sorted({r[:300] for r in reports if "SUMMARY" in r}), sep="\n      ")
    verdict.exit()


if __name__ == "__main__":
    main()
