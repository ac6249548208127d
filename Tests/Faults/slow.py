#!/usr/bin/env python3
"""A hundred people stop reading while fifty chat: the others are served as before, and memory stays bounded.

    slow.py [SLOW] [CHATTING] [SECONDS]

The same chat is measured twice, without and with the slow readers. Slow readers hold a WebSocket with a small receive
buffer and never read it: for each the node keeps a place in the room's log and the rest of one cut frame, no queue.
"""

import asyncio
import socket
import sys
import time
import urllib.request

from node import Node, Verdict
from person import Gone, Person

SETTINGS = [
    "limits.student_rate=1000", "limits.student_burst=1000", "limits.tail_bytes_node=8388608", "limits.tail_events=512",
    # They answer no ping either: let slowness end them here, not silence.
    "limits.silent_ms=300000",
]
# A tail's bound (at least 1 MiB a view and reactor), the domain's room, and for each slow reader its outbox and its
# unread replies (64 KiB + 16 KiB): what memory may grow by, with room for the allocator.
GROWTH_KIB_MAX = 64 * 1024
# How much longer the others may wait while there are slow readers. Shared machines jitter by more than the server does.
FACTOR_MAX = 2
JITTER_S = 0.25
# How long who reads again may need to the head: what the kernel holds for them, one cut frame, a welcome.
AWAKE_S = 120


class Chat:
    def __init__(self, node, count, room):
        self.node = node
        self.people = [Person(node.port, t, room) for t in node.tokens("chatter", count, "student", room)]
        self.sent, self.delays = {}, []
        self.acknowledged = 0
        self.failures = 0
        for person in self.people:
            person.on_event = self.heard
        self.is_over = False

    def heard(self, event):
        if event.get("ev") == "chat_message" and (at := self.sent.get(event["text"][:24].strip())):
            self.delays.append(time.monotonic() - at)

    async def live(self, person):
        await person.connect()
        try:
            await person.run()
        except Gone:
            if not self.is_over:
                self.failures += 1

    async def talk(self, person, number, seconds):
        end = time.monotonic() + seconds
        await asyncio.sleep(number * 0.01)
        count = 0
        while time.monotonic() < end:
            count += 1
            name = f"{number}/{count}"
            self.sent[name] = time.monotonic()
            reply = await person.send("chat_send", 30, text=name.ljust(24) + "z" * 1800)
            if reply and reply["ok"]:
                self.acknowledged += 1
            else:
                self.failures += 1
            await asyncio.sleep(0.5)

    async def run(self, seconds):
        lives = [asyncio.create_task(self.live(person)) for person in self.people]
        while not all(person.welcomes for person in self.people):
            await asyncio.sleep(0.05)
        await asyncio.gather(*(self.talk(p, n, seconds) for n, p in enumerate(self.people)))
        expected = self.acknowledged * len(self.people)
        deadline = time.monotonic() + 30
        while len(self.delays) < expected and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        self.is_over = True
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        self.delays.sort()
        return expected

    def delay(self, part):
        return self.delays[min(len(self.delays) - 1, int(len(self.delays) * part))]


async def measure(node, verdict, slow, count, seconds, room):
    sluggards = [Person(node.port, t, room) for t in node.tokens("slow", slow, "student", room)] if slow else []
    for person in sluggards:
        await person.connect(receive_bytes=4096)
        person._reader._transport.pause_reading()
    before = node.resident_kib()
    chat = Chat(node, count, room)
    watch = asyncio.create_task(highest(node))
    expected = await chat.run(seconds)
    watch.cancel()
    peak = max((await asyncio.gather(watch, return_exceptions=True))[0], node.resident_kib())
    name = f"{slow} slow" if slow else "none slow"
    print(
        f"      {name}: {chat.acknowledged} messages, {len(chat.delays)} deliveries, delay median "
        f"{chat.delay(0.5) * 1000:.0f} ms, 99% {chat.delay(0.99) * 1000:.0f} ms; memory {before} -> at most {peak} KiB"
    )
    verdict.check(chat.failures == 0, f"{name}: nobody who reads is refused or sent away ({chat.failures})")
    verdict.check(len(chat.delays) == expected, f"{name}: everybody who reads gets everything")
    faults = [fault for person in chat.people for fault in person.faults]
    verdict.check(not faults, f"{name}: every event once and in order {faults[:3] or ''}")
    if sluggards:
        ends = await asyncio.gather(*(awake(person, chat.people[0].seq) for person in sluggards))
        print(f"      reading again: {({end: ends.count(end) for end in sorted(set(ends))})}")
        verdict.check(
            set(ends) <= {"caught up", "reset", "closed 4408"},
            "who reads again catches up, is reset, or closed as too slow",
        )
        faults = [fault for person in sluggards for fault in person.faults]
        verdict.check(not faults, f"and misses nothing unsaid {faults[:3] or ''}")
    return chat, peak - before


async def awake(person, head):
    """Reads again until it stands at the head; what became of it."""
    # With the small window it had, a segment is larger than the window, and the kernel sends one each 200 ms only, from
    # its persist timer: ten KiB/s, whatever the server does. Reading again means a window again.
    plug = person._reader._transport.get_extra_info("socket")
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    person._reader._transport.resume_reading()
    task = asyncio.create_task(person.run())
    try:
        async with asyncio.timeout(AWAKE_S):
            while not task.done() and person.seq < head:
                await asyncio.sleep(0.05)
    except TimeoutError:
        return f"stuck at {person.seq} of {head}"
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return "reset" if person.resets else "caught up"
    return f"closed {getattr(task.exception(), 'code', task.exception())}"


async def highest(node):
    peak = 0
    try:
        while True:
            peak = max(peak, node.resident_kib())
            await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        return peak


def slow_facts(node):
    with urllib.request.urlopen(f"http://127.0.0.1:{node.port}/metrics", timeout=20) as page:
        lines = page.read().decode().splitlines()
    total = lambda name: sum(int(l.split()[-1]) for l in lines if l.startswith(f"liveclassroom_{name}" + "{"))
    return total("short_writes_total"), total("resets_total"), total("slow_closes_total")


def main():
    slow, count, seconds = ([int(text) for text in sys.argv[1:4]] + [100, 50, 20][len(sys.argv) - 1 :])[:3]
    verdict = Verdict(f"{slow} slow readers while {count} chat for {seconds} s")
    with Node(SETTINGS) as node:
        alone, _ = asyncio.run(measure(node, verdict, 0, count, seconds, "school/faults/alone"))
        among, growth = asyncio.run(measure(node, verdict, slow, count, seconds, "school/faults/among"))
        shorts, resets, closes = slow_facts(node)
        print(f"      short writes {shorts}, resets {resets}, closed as too slow {closes}")
        verdict.check(shorts >= slow, f"the slow readers were slow: {shorts} writes were cut short")
        verdict.check(growth <= GROWTH_KIB_MAX, f"memory grew by {growth} KiB, at most {GROWTH_KIB_MAX}")
        for part in (0.5, 0.99):
            bound = alone.delay(part) * FACTOR_MAX + JITTER_S
            verdict.check(
                among.delay(part) <= bound,
                f"{part:.0%} of deliveries within {among.delay(part) * 1000:.0f} ms, bound {bound * 1000:.0f} ms",
            )
        verdict.check(node.end() == 0, "the node ends cleanly")
    verdict.exit()


if __name__ == "__main__":
    main()
