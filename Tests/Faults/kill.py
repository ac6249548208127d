#!/usr/bin/env python3
"""The node is killed with -9 under load, again and again, and started on the same folder.

    kill.py [TIMES] [PEOPLE]

Whoever was there comes back with resume token and cursor. At the end: each acknowledged message is in the log of
everybody exactly once and in the same order, nobody was reset, and each ballot acknowledged is counted.
"""

import asyncio
import random
import sys
import time

from node import ROOM, Node, Verdict
from person import Gone, Person

SETTINGS = ["limits.student_rate=1000", "limits.student_burst=1000"]
SETTLE_S = 60


class Crowd:
    def __init__(self, node, count):
        self.node = node
        teacher = node.tokens("teacher", 1, "instructor", ROOM)[0]
        tokens = node.tokens("student", count)
        self.teacher = Person(node.port, teacher, ROOM)
        # Two of three over WebSocket: that is where commands are under way when the node dies.
        self.people = [Person(node.port, t, ROOM, ("ws", "ws", "sse")[i % 3]) for i, t in enumerate(tokens)]
        self.everybody = self.people + [self.teacher]
        self.acknowledged = []
        self.unknown = 0
        self.refused = {}
        self.receipts = {}
        self.pauses = False
        self.idle = 0

    async def live(self, person):
        while True:
            try:
                await person.connect()
                await person.run()
            except (Gone, asyncio.TimeoutError):
                await asyncio.sleep(0.05 + random.random() * 0.2)

    async def chat(self, person, number):
        count = 0
        while True:
            await asyncio.sleep(0.05 + random.random() * 0.4)
            if self.pauses:
                continue
            count += 1
            text, name = f"{number}/{count}", f"{number}-{count}"
            # As the SDK does: the same id again until the outcome is known.
            for _ in range(200):
                reply = await person.send("chat_send", 10, id=name, text=text)
                if reply and (reply["ok"] or not reply["error"].get("maybe")):
                    break
                self.unknown += 1
                await asyncio.sleep(0.1)
            if reply and reply["ok"]:
                self.acknowledged.append((reply["seq"], text))
            elif reply:
                code = reply["error"]["code"]
                self.refused[code] = self.refused.get(code, 0) + 1

    async def vote(self, person, number, poll):
        while number not in self.receipts:
            reply = await person.send("poll_answer", 10, poll=poll, attempt_id=f"a-{number}", choice=number % 2)
            if reply and reply["ok"]:
                self.receipts[number] = reply["choice"]
            await asyncio.sleep(0.2 + random.random())

    def behind(self):
        texts = {text for _, text in self.acknowledged}
        return [person for person in self.everybody if not texts <= person.texts.keys()]


async def run(node, times, count, verdict):
    crowd = Crowd(node, count)
    tasks = [asyncio.create_task(crowd.live(person)) for person in crowd.everybody]
    poll = None
    while poll is None:
        reply = await crowd.teacher.send("poll_open", 10, question="?", kind="single", options=["a", "b"], id="open")
        poll = reply["poll"] if reply and reply["ok"] else None
        await asyncio.sleep(0.1)
    chats = [asyncio.create_task(crowd.chat(p, n)) for n, p in enumerate(crowd.people)]
    tasks += [asyncio.create_task(crowd.vote(p, n, poll)) for n, p in enumerate(crowd.people)]
    for number in range(times):
        await asyncio.sleep(2 + random.random() * 2)
        before = len(crowd.acknowledged)
        started = time.monotonic()
        node.kill()
        node.start()
        listens = time.monotonic() - started
        while len(crowd.acknowledged) < before + count and time.monotonic() < started + SETTLE_S:
            await asyncio.sleep(0.05)
        back = time.monotonic() - started
        print(
            f"      kill {number + 1}: {before} acknowledged so far, listens after "
            f"{listens:.1f} s, {count} more after {back:.1f} s",
            flush=True,
        )
    crowd.pauses = True
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        await asyncio.sleep(0.3)
        if len(crowd.receipts) == count and not crowd.behind():
            break
    for task in chats:
        task.cancel()
    await crowd.teacher.send("poll_close", poll=poll)
    while time.monotonic() < deadline and not crowd.teacher.results.get(poll, {}).get("final"):
        await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, *chats, return_exceptions=True)
    broken = [error for error in ended if isinstance(error, Exception)]
    verdict.check(not broken, f"no client broke {broken[:2] or ''}")
    judge(crowd, poll, verdict)


def judge(crowd, poll, verdict):
    everybody = crowd.everybody
    print(
        f"      {len(crowd.acknowledged)} acknowledged, {crowd.unknown} asked again, refused {crowd.refused}, "
        f"{sum(p.resumes for p in everybody)} resumed, {sum(p.resets for p in everybody)} reset"
    )
    behind = len(crowd.behind())
    verdict.check(not behind, f"nothing acknowledged is lost: everybody has it ({behind} lack some)")
    faults = [fault for person in everybody for fault in person.faults]
    verdict.check(not faults, f"every event once and in order {faults[:3] or ''}")
    verdict.check(sum(p.resets for p in everybody) == 0, "every resume was exact: nobody was reset")
    places = {}
    for person in everybody:
        for seq, text in person.order:
            places.setdefault(seq, set()).add(text)
    verdict.check(all(len(texts) == 1 for texts in places.values()), "no position names two messages")
    wrong = [(seq, text) for seq, text in crowd.acknowledged if places.get(seq, {text}) != {text}]
    verdict.check(not wrong, f"each message stands where its reply said {wrong[:3] or ''}")
    result = crowd.teacher.results.get(poll, {})
    truth = [sum(1 for choice in crowd.receipts.values() if choice == side) for side in (0, 1)]
    verdict.check(
        result.get("final") and result.get("counts") == truth,
        f"the result {result.get('counts')} (final {result.get('final')}) is the receipts' {truth}",
    )


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    verdict = Verdict(f"kill -9 x{times} under the load of {count}")
    with Node(SETTINGS) as node:
        asyncio.run(run(node, times, count, verdict))
        verdict.check(node.end() == 0, "the node ends cleanly")
    verdict.exit()


if __name__ == "__main__":
    main()
