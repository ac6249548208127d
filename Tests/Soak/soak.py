#!/usr/bin/env python3
"""A school day in small: people join, chat, vote, lose their network, change transport, leave, and others come; classes
end and begin. Memory, descriptors, CPU and latency are sampled all the while, and must stay as they are.

    soak.py [MINUTES=60] [--people 600] [--svg FILE] [--json FILE]      the node is $LIVESERVER_BIN

Exits 1 where an event was lost, doubled or out of order, or where memory, descriptors or latency rise.
"""

import argparse
import asyncio
import json
import pathlib
import random
import statistics
import struct
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "Faults"))

import chart
from node import Node, Verdict
from person import Gone, Person
from vitals import Vitals

SAMPLE_S = 10
PEOPLE_A_CLASS = 50
# A class ends and another begins in its place after so long; the places take turns.
CLASS_S = 300
# Mean times of one person, seconds.
SPEAKS_S, STAYS_S = 30, 60
SETTINGS = ["limits.idle_room_unload_s=30", "log.level=warning", "limits.connections_per_participant=3"]
TRANSPORTS = ["ws"] * 7 + ["sse"] * 2 + ["poll"]
# Caches of verified tokens and of SQLite's pages fill at the pace at which people come: so long, or half of the run.
WARM_UP_MIN = 30
# What memory may rise by between the warm-up and the end: noise of the allocator, not a leak a day would make matter.
RISE_SHARE, RISE_MIB = 0.05, 2.0
# Latency of the last third against that of the first.
LATENCY_FACTOR = 2.0


class Seats:
    """Tokens of people who never came before, minted in batches when they are needed."""

    def __init__(self, node):
        self.node, self.waiting, self.batch = node, [], 0
        self.lock = asyncio.Lock()

    async def take(self):
        async with self.lock:
            if not self.waiting:
                self.batch += 1
                self.waiting = await asyncio.to_thread(
                    self.node.tokens, f"guest{self.batch}", 1000, "student", "soak/*/*"
                )
            return self.waiting.pop()


class Class:
    """One room in one place, with a teacher who stays to its end and sees all that was acknowledged."""

    def __init__(self, school, place, number):
        self.school = school
        self.room = f"soak/place{place}/class{number}"
        self.poll = None
        self.acknowledged = set()
        self.is_over = False

    async def run(self, seconds):
        token = (await asyncio.to_thread(self.school.node.tokens, "teacher", 1, "instructor", "soak/*/*"))[0]
        teacher = Person(self.school.node.port, token, self.room)
        living = asyncio.create_task(self.school.stay(teacher))
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.school.is_over:
            reply = await teacher.send("poll_open", question="?", kind="single", options=["a", "b", "c"], show="live")
            self.poll = reply["poll"] if reply and reply["ok"] else None
            await self.school.wait(min(20, seconds / 3))
            if self.poll:
                closing, self.poll = self.poll, None
                await teacher.send("poll_close", poll=closing)
            await self.school.wait(min(10, seconds / 3))
        self.is_over = True
        await asyncio.sleep(2)
        self.school.missing += len(self.acknowledged - set(teacher.texts))
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        self.school.faults += teacher.faults
        self.school.classes_held += 1


class School:
    def __init__(self, node, people):
        self.node, self.people = node, people
        self.dice = random.Random(7)
        self.seats = Seats(node)
        self.classes = []
        self.delays_ms, self.answers_ms = [], []
        self.faults = []
        self.missing = self.refused = self.unknown = self.came = self.cuts = self.classes_held = 0
        self.is_over = False

    async def wait(self, seconds):
        """Sleeps in short pieces, so that the end is noticed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.is_over:
            await asyncio.sleep(min(1, end - time.monotonic()))

    async def place(self, number):
        """Classes one after another in one place."""
        count = 0
        # Places change at different times.
        length = CLASS_S * (0.5 + number / max(1, len(self.classes)))
        while not self.is_over:
            self.classes[number] = Class(self, number, count)
            await self.classes[number].run(length)
            count += 1
            length = CLASS_S

    async def stay(self, person):
        """Keeps a person connected until cancelled."""
        try:
            while True:
                try:
                    await person.connect()
                    await person.run()
                except (Gone, TimeoutError):
                    await asyncio.sleep(0.5)
        finally:
            person.cut()

    async def guest(self, number):
        """One seat: somebody comes, takes part, and in the end makes room for somebody else."""
        while not self.is_over:
            held = self.classes[number % len(self.classes)]
            if held is None or held.is_over:
                await asyncio.sleep(0.5)
                continue
            person = Person(self.node.port, await self.seats.take(), held.room, self.dice.choice(TRANSPORTS))
            person.since_ns = 0
            person.on_event = lambda event, person=person: self.note_event(person, event)
            self.came += 1
            await self.visit(person, held)
            self.faults += person.faults
            await self.wait(self.dice.random() * 5)

    async def visit(self, person, held):
        """Several connections of one person, cut, resumed and over changing transports."""
        while not held.is_over and not self.is_over:
            talking = None
            try:
                async with asyncio.timeout(self.dice.expovariate(1 / STAYS_S)):
                    await person.connect()
                    person.since_ns = time.monotonic_ns()
                    talking = asyncio.create_task(self.talk(person, held))
                    await person.run()
            except (Gone, TimeoutError):
                pass
            finally:
                if talking:
                    talking.cancel()
                    await asyncio.gather(talking, return_exceptions=True)
            what = self.dice.random()
            if what < 0.3:
                break
            self.cuts += 1
            person.cut()
            if what < 0.5:
                person.transport = self.dice.choice(TRANSPORTS)
            await asyncio.sleep(self.dice.random() * 3)
        if person.transport == "ws" and person._writer:
            person._frame(8, struct.pack(">H", 1000))
            await asyncio.sleep(0.05)
        person.cut()

    async def talk(self, person, held):
        while True:
            await asyncio.sleep(self.dice.expovariate(1 / SPEAKS_S))
            what = self.dice.random()
            if what < 0.6:
                started = time.monotonic_ns()
                text = f"@{started} " + "lorem " * self.dice.randrange(40)
                reply = await person.send("chat_send", text=text)
                if self.note(reply, started):
                    held.acknowledged.add(text)
            elif what < 0.8 and held.poll:
                await self.command(person, "poll_answer", poll=held.poll, attempt_id="a", choice=self.dice.randrange(3))
            elif what < 0.9:
                await self.command(person, "hand_raise")
                await self.command(person, "hand_lower")
            else:
                await self.command(person, "heartbeat", seq=person.seq, lag_ms=1, transport=person.transport)

    async def command(self, person, op, **members):
        started = time.monotonic_ns()
        self.note(await person.send(op, **members), started)

    def note(self, reply, started):
        if reply is None:
            self.unknown += 1
        elif reply["ok"]:
            self.answers_ms.append((time.monotonic_ns() - started) / 1e6)
            return True
        else:
            self.refused += 1
        return False

    def note_event(self, person, event):
        text = event.get("text", "")
        # Of what came while somebody was away, or between two polls, the delay says nothing.
        if event.get("ev") == "chat_message" and text.startswith("@") and person.transport != "poll":
            sent_ns = int(text[1:].split(" ", 1)[0])
            if sent_ns > person.since_ns:
                self.delays_ms.append((time.monotonic_ns() - sent_ns) / 1e6)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else None


async def watch(school, vitals, samples, started):
    """One sample each ten seconds, with how late this program itself was: then its latencies mean less."""
    previous = vitals.sample()
    due = time.monotonic()
    while True:
        due += SAMPLE_S
        await asyncio.sleep(max(0, due - time.monotonic()))
        own_lag = (time.monotonic() - due) * 1000
        now = await asyncio.to_thread(vitals.sample)
        delays, school.delays_ms = school.delays_ms, []
        answers, school.answers_ms = school.answers_ms, []
        now.update(
            minute=(time.monotonic() - started) / 60,
            cpu_percent=100 * (now["cpu_s"] - previous["cpu_s"]) / SAMPLE_S,
            delivery_p50_ms=percentile(delays, 0.5),
            delivery_p99_ms=percentile(delays, 0.99),
            answer_p99_ms=percentile(answers, 0.99),
            generator_lag_ms=own_lag,
        )
        previous = now
        samples.append(now)
        if len(samples) % 6 == 0:
            print(
                f"      {now['minute']:5.1f} min  {now['rss_mib']:6.1f} MiB  {now['descriptors']:4d} descriptors  "
                f"{now['connections']:4.0f} connections  delivery p99 {now['delivery_p99_ms'] or 0:6.1f} ms  "
                f"CPU {now['cpu_percent']:4.1f} %",
                flush=True,
            )


def slope(samples, key):
    """Least squares: what the value rises by from the first sample to the last."""
    xs, ys = [s["minute"] for s in samples], [s[key] for s in samples]
    if len(xs) < 3:
        return 0.0
    return statistics.linear_regression(xs, ys).slope * (xs[-1] - xs[0])


def judge(verdict, school, samples, base, after, minutes):
    warm = [s for s in samples if s["minute"] >= min(WARM_UP_MIN, minutes / 2)]
    mean = statistics.mean(s["rss_mib"] for s in warm)
    rise = slope(warm, "rss_mib")
    allowed = max(RISE_SHARE * mean, RISE_MIB)
    verdict.check(rise <= allowed, f"memory after the warm-up: {mean:.1f} MiB on average, {rise:+.2f} MiB to the end")
    # What a node opens when the first people come (databases, their logs) stays open: compared with the first minute.
    beside = [s["descriptors"] - s["connections"] for s in samples]
    opened = max(beside[:6])
    verdict.check(
        after["descriptors"] <= opened + 2,
        f"descriptors beside connections: {base['descriptors']} before anybody came, {opened} in the first minute, "
        f"{max(beside)} at most, {after['descriptors']} after all had left",
    )
    verdict.check(after["rooms"] == 0, f"rooms in memory at the end: {after['rooms']:.0f}")
    third = max(1, len(warm) // 3)
    p99 = [s["delivery_p99_ms"] for s in warm if s["delivery_p99_ms"] is not None]
    first, last = statistics.median(p99[:third]), statistics.median(p99[-third:])
    verdict.check(
        last <= LATENCY_FACTOR * first + 1, f"delivery p99, median of a third: {first:.1f} ms first, {last:.1f} ms last"
    )
    verdict.check(not school.faults, f"every event once and in order {school.faults[:3] or ''}")
    verdict.check(school.missing == 0, f"the teachers saw every acknowledged message ({school.missing} missing)")
    print(
        f"      {school.came} people, {school.cuts} cuts, {school.classes_held} classes; {after['joins']:.0f} joins, "
        f"{after['resumes']:.0f} resumed, {after['events']:.0f} events, {after['deliveries']:.0f} deliveries; "
        f"unknown {school.unknown}, refused {school.refused}; after: {after['rss_mib']:.1f} MiB"
    )
    return {"mean_mib": mean, "rise_mib": rise, "p99_first_ms": first, "p99_last_ms": last}


async def run(node, minutes, people, samples):
    vitals = Vitals(node)
    base = vitals.sample()
    started = time.monotonic()
    school = School(node, people)
    school.classes = [None] * max(1, people // PEOPLE_A_CLASS)
    places = [asyncio.create_task(school.place(n)) for n in range(len(school.classes))]
    guests = []
    watching = asyncio.create_task(watch(school, vitals, samples, started))
    for number in range(people):
        guests.append(asyncio.create_task(school.guest(number)))
        await asyncio.sleep(0.005)
    while time.monotonic() - started < minutes * 60 and node.is_running():
        await asyncio.sleep(0.5)
    school.is_over = True
    await asyncio.gather(*places, return_exceptions=True)
    for task in guests:
        task.cancel()
    await asyncio.gather(*guests, return_exceptions=True)
    watching.cancel()
    deadline = time.monotonic() + 90
    while True:
        await asyncio.sleep(2)
        after = vitals.sample()
        if time.monotonic() > deadline or (after["rooms"] == 0 and after["connections"] == 0):
            return school, base, after


def picture(samples, people, minutes):
    def column(key):
        return [sample[key] for sample in samples]

    return chart.draw(
        f"{people} people who come and go, {minutes:g} minutes",
        column("minute"),
        [
            ("Resident memory", "MiB", [("memory", column("rss_mib"))]),
            ("Descriptors", "count", [("connections", column("connections")), ("descriptors", column("descriptors"))]),
            (
                "From sending to receiving, through a shared machine",
                "ms",
                [("p50", column("delivery_p50_ms")), ("p99", column("delivery_p99_ms"))],
            ),
            ("CPU of the server", "% of one core", [("CPU", column("cpu_percent"))]),
        ],
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", nargs="?", type=float, default=60)
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--svg", default=str(ROOT / ".build/soak/soak.svg"))
    parser.add_argument("--json", default=str(ROOT / ".build/soak/soak.json"))
    arguments = parser.parse_args()
    verdict = Verdict(f"{arguments.people} people who come and go for {arguments.minutes:g} minutes")
    samples = []
    with Node(SETTINGS) as node:
        school, base, after = asyncio.run(run(node, arguments.minutes, arguments.people, samples))
        if verdict.check(node.is_running(), "the node is alive"):
            figures = judge(verdict, school, samples, base, after, arguments.minutes)
            for path in (arguments.svg, arguments.json):
                pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
            pathlib.Path(arguments.svg).write_text(picture(samples, arguments.people, arguments.minutes))
            whole = {"base": base, "after": after, "figures": figures, "samples": samples}
            pathlib.Path(arguments.json).write_text(json.dumps(whole, indent=1))
            print(f"      {arguments.svg}, {arguments.json}")
            verdict.check(node.end() == 0, "the node ends cleanly")
        if node.standard_error():
            print(node.standard_error()[-2000:])
    verdict.exit()


main()
