#!/usr/bin/env python3
"""The data folder's disk fills while a class runs, and is emptied again. Needs root, for a file system of its own.

Without room for the log, commands of the room answer `unavailable` and nobody sees their event; ballots go on as far as
the preallocated reserve reaches, else they answer `unavailable` too. With space again, the room goes on without a
restart. After kill -9 and a new start everything acknowledged is there, and nothing that was refused.
"""

import asyncio
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from node import ROOM, Node, Verdict
from person import Gone, Person

FREE_MIN = 8 << 20
SETTINGS = [
    "limits.student_rate=1000", "limits.student_burst=1000", "journal.segment_bytes=1048576",
    f"journal.free_bytes_min={FREE_MIN}", "journal.reserve_segments=2",
]
DISK_BYTES = 48 << 20
PEOPLE = 20
WAIT_S = 60


class Disk:
    """A tmpfs that can be filled to the last byte."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.filler = self.folder / "filler"

    def __enter__(self):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "live-faults", str(self.folder)], timeout=30
        )
        if done.returncode:
            print("skip  a small file system cannot be mounted here")
            sys.exit(0)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.folder)], timeout=30, check=True)

    def fill(self, spare=0):
        """Leaves `spare` bytes."""
        block = b"x" * 65536
        with open(self.filler, "wb", buffering=0) as file:
            try:
                while os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize > spare:
                    file.write(block)
            except OSError:
                pass

    def empty(self):
        self.filler.unlink()


class Class:
    def __init__(self, node):
        self.node = node
        self.teacher = Person(node.port, node.tokens("teacher", 1, "instructor")[0], ROOM)
        self.people = [Person(node.port, token, ROOM) for token in node.tokens("student", PEOPLE)]
        self.everybody = [self.teacher] + self.people
        self.acknowledged, self.refused, self.receipts = [], [], {}
        self.codes = {}
        self.number = 0

    async def live(self, person):
        while True:
            try:
                await person.connect()
                await person.run()
            except (Gone, asyncio.TimeoutError):
                await asyncio.sleep(0.1)

    async def talk(self, rounds):
        """Everybody says something so many times; how many were acknowledged."""
        good = 0
        for _ in range(rounds):
            self.number += 1
            texts = [f"{number}: {self.number} " + "€" * 1900 for number in range(PEOPLE)]
            replies = await asyncio.gather(
                *(person.send("chat_send", 20, text=text) for person, text in zip(self.people, texts))
            )
            for reply, text in zip(replies, texts):
                if reply and reply["ok"]:
                    self.acknowledged.append(text)
                    good += 1
                elif reply:
                    code = reply["error"]["code"]
                    self.codes[code] = self.codes.get(code, 0) + 1
                    if not reply["error"].get("maybe"):
                        self.refused.append(text)
                else:
                    self.codes["no reply"] = self.codes.get("no reply", 0) + 1
        return good

    async def vote(self, poll, who):
        replies = await asyncio.gather(
            *(self.people[n].send("poll_answer", 20, poll=poll, attempt_id=f"a-{n}", choice=n % 2) for n in who)
        )
        outcomes = {}
        for number, reply in zip(who, replies):
            if reply and reply["ok"]:
                self.receipts[number] = reply["choice"]
            word = "no reply" if not reply else reply["durable"] if reply["ok"] else reply["error"]["code"]
            outcomes[word] = outcomes.get(word, 0) + 1
        return outcomes

    async def until(self, condition):
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline and not condition():
            await asyncio.sleep(0.05)
        return condition()

    def have(self, texts):
        return all(text in person.texts for person in self.everybody for text in texts)


async def run(node, disk, verdict):
    room = Class(node)
    tasks = [asyncio.create_task(room.live(person)) for person in room.everybody]
    await room.until(lambda: all(person.welcomes for person in room.everybody))
    reply = await room.teacher.send("poll_open", question="?", kind="single", options=["a", "b"])
    poll = reply["poll"]
    verdict.check(await room.talk(2) == 2 * PEOPLE, "before: every message is acknowledged")
    print(f"      ballots before: {await room.vote(poll, range(0, 5))}")

    for spare, name in ((FREE_MIN // 2, "below the bound"), (0, "full to the last byte")):
        disk.fill(spare)
        room.codes = {}
        # The node looks at the free space after each mebibyte of its log.
        good = 0
        for _ in range(20):
            good += await room.talk(1)
            if room.codes.get("unavailable", 0) >= 2 * PEOPLE:
                break
        print(f"      {name}: {good} acknowledged, refused {room.codes}")
        bytes_taken = good * 1900 * 3
        verdict.check(bytes_taken < 2 << 20, f"{name}: the log stops within 2 MiB ({bytes_taken} bytes)")
        verdict.check(set(room.codes) == {"unavailable"}, f"{name}: commands answer unavailable, nothing else")
        first = 5 if spare else 10
        ballots = await room.vote(poll, range(first, first + 5))
        print(f"      ballots {name}: {ballots}")
        verdict.check(set(ballots) <= {"store", "node", "unavailable"}, f"{name}: ballots count or are unavailable")
        disk.empty()
        began = time.monotonic()
        while time.monotonic() < began + WAIT_S and await room.talk(1) < PEOPLE:
            await asyncio.sleep(0.1)
        verdict.check(
            await room.talk(1) == PEOPLE, f"{name}: with space again, it goes on ({time.monotonic() - began:.1f} s)"
        )
    while len(room.receipts) < PEOPLE and time.monotonic() < began + 2 * WAIT_S:
        await room.vote(poll, [n for n in range(PEOPLE) if n not in room.receipts])
    verdict.check(await room.until(lambda: room.have(room.acknowledged)), "everybody has every acknowledged message")

    node.kill()
    node.start()
    late = Person(node.port, room.teacher.token, ROOM)
    late.epoch, late.resume, late.seq = room.teacher.epoch, room.teacher.resume, 0
    tasks.append(asyncio.create_task(room.live(late)))
    await room.until(lambda: all(text in late.texts for text in room.acknowledged))
    missing = [text[:20] for text in room.acknowledged if text not in late.texts]
    counts = f"{len(room.acknowledged)} acknowledged, {len(late.order)} in the log, {late.resets} resets"
    print(f"      after kill -9: {counts}")
    verdict.check(not missing, f"after kill -9 every acknowledged message is in the log {missing[:3] or ''}")
    ghosts = [text[:20] for person in room.everybody + [late] for text in room.refused if text in person.texts]
    verdict.check(not ghosts, f"nothing refused was ever seen {ghosts[:3] or ''}")
    await room.until(lambda: late.welcomes or late.resumes)
    await room.until(lambda: room.teacher._writer is not None)
    await asyncio.sleep(0.5)
    await room.teacher.send("poll_close", poll=poll)
    await room.until(lambda: room.teacher.results.get(poll, {}).get("final"))
    truth = [sum(1 for choice in room.receipts.values() if choice == side) for side in (0, 1)]
    result = room.teacher.results.get(poll, {})
    verdict.check(result.get("counts") == truth, f"the result {result.get('counts')} is the receipts' {truth}")
    faults = [fault for person in room.everybody + [late] for fault in person.faults]
    verdict.check(not faults, f"every event once and in order {faults[:3] or ''}")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main():
    verdict = Verdict("the disk is full")
    if os.geteuid() != 0:
        print("skip  mounting a small file system needs root")
        return
    with tempfile.TemporaryDirectory(prefix="live-disk-") as folder, Disk(folder) as disk:
        with Node(SETTINGS, data=str(disk.folder / "data")) as node:
            asyncio.run(run(node, disk, verdict))
            verdict.check(node.is_running(), "the node is alive")
    verdict.exit()


if __name__ == "__main__":
    main()
