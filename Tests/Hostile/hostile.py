#!/usr/bin/env python3
"""Attacks on a running node, one after another, and what those who sit in the class notice of each.

    hostile.py [--all] [--seconds S] [NAME …]     the node is $LIVESERVER_BIN; NAMEs of attacks, else the quick ones

Before each attack and during it a speaker is heard by listeners on all transports. An attack may not make them wait
longer (99 % of deliveries within twice the time before, and what jitter a shared machine has), lose them a message or
send them away; afterwards the node has its descriptors back and its memory within bounds, and every attacker met what
the protocol says. Attackers run at the lowest priority: the question is what the node lets them do, not who gets the
CPU.
"""

import argparse
import asyncio
import inspect
import json
import os
import pathlib
import sys
import time

from bystanders import Bystanders

import crowds
import expectations
import floods
import requests
import slow_senders
from node import Node, Verdict
from target import Target

ROOM = "school/hostile/live"
ATTACKERS = 64
# Shorter than the defaults, so that a run sees the ends; everything else is as it is shipped.
SETTINGS = [
    "limits.head_timeout_ms=2000", "limits.body_timeout_ms=3000", "limits.http_idle_ms=4000",
    "limits.silent_ms=5000",
    "limits.ping_ms=2000", "limits.idle_room_unload_s=1", "limits.tail_bytes_node=8388608",
    "limits.moderator_rate=1000",
]
MODULES = {"floods": floods, "slow": slow_senders, "requests": requests, "crowds": crowds}
# For builds under a sanitizer, which are slow and keep memory.
SLOWNESS = float(os.environ.get("HOSTILE_SLOWNESS", "1"))
# What an attack may add to the wait of others, beside twice the wait before: jitter of machines that are not ours.
FLOOR_S = 0.25
# No reactor may be away from its other connections for longer than this; in a debug build a command takes 0.1 ms.
ROUND_MS_MAX = 200
# What the allocator may keep of an attack.
GROWTH_KIB_MAX = 48 * 1024 * (1 if SLOWNESS == 1 else 8)
# The bystanders' room, and one that an attack may just have left.
ROOMS_LEFT = 3
# A database opens a file beside itself when it is first written, and keeps it.
DESCRIPTORS_SPARE = 3
# Long enough for a 99th percentile of the listeners' deliveries.
BEFORE_S = 0.75
TRIALS = 3
LONG = {"many_connects"}


def attacks():
    """Every attack by its name: the functions of these modules that take a target and seconds."""
    found = {}
    for group, module in MODULES.items():
        for name, function in inspect.getmembers(module, inspect.isfunction):
            names = list(inspect.signature(function).parameters)
            if names[:2] == ["target", "seconds"] and function.__module__ == module.__name__ and len(
                [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
            ) == 2:
                found[f"{group}.{name}"] = function
    return found


async def attack(name, target, seconds):
    """Carries one out in a process of its own; what it says of itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--carry-out", name, "--seconds", str(seconds), stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE)
    try:
        out, _ = await asyncio.wait_for(process.communicate(json.dumps(vars(target)).encode()), seconds + 240)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
        return {"error": "the attacker did not come to an end"}
    return json.loads(out) if process.returncode == 0 else {"error": f"the attacker failed ({process.returncode})"}


def carry_out(name, seconds):
    os.nice(19)
    target = Target(**json.loads(sys.stdin.read()))
    facts = attacks()[name](target, seconds)
    json.dump(facts, sys.stdout)


class Trial:
    """One attack and what it was like before and during it."""

    def __init__(self, before, readings, facts):
        self.before, self.facts = before, facts
        self.during = max(readings, key=lambda reading: reading.p99)
        self.lag_ms = max(reading.lag_ms for reading in readings)
        self.lost = sum(reading.lost for reading in readings)
        self.failed = sum(reading.failed for reading in readings)
        self.wait_max = 2 * before.p99 + FLOOR_S * SLOWNESS
        self.lag_max_ms = 2 * before.lag_ms + ROUND_MS_MAX * SLOWNESS

    def is_calm(self):
        return self.during.p99 <= self.wait_max and self.lag_ms <= self.lag_max_ms


async def attempt(name, people, target, seconds):
    before = await people.listen(BEFORE_S)
    carrying = asyncio.create_task(attack(name, target, seconds))
    readings = []
    while not carrying.done() or not readings:
        readings.append(await people.listen(seconds))
    trial = Trial(before, readings, await carrying)
    print(f"   -- {name}\n      before: {trial.before}\n      during: {trial.during}")
    print(f"      {json.dumps(trial.facts)}", flush=True)
    return trial


async def until(condition, seconds=30):
    """What is given back is given back in time."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    return condition()


async def one(name, people, target, seconds, verdict):
    memory, descriptors = people.node.resident_kib(), people.descriptors()
    # Others use this machine too: an attack that holds people up does so each time, a busy neighbour does not.
    for _ in range(TRIALS):
        trial = await attempt(name, people, target, seconds)
        if trial.is_calm() or not people.node.is_running():
            break
    wait, lag = trial.during.p99 * 1000, trial.lag_ms
    verdict.check(people.node.is_running(), f"{name}: the node is alive")
    most = trial.wait_max * 1000
    verdict.check(wait <= most, f"{name}: others wait {wait:.0f} ms, at most {most:.0f}")
    verdict.check(lag <= trial.lag_max_ms, f"{name}: no loop round over {trial.lag_max_ms:.0f} ms ({lag:.0f})")
    kept = not (trial.lost or trial.failed)
    verdict.check(kept, f"{name}: nothing of others is lost ({trial.lost}) or refused ({trial.failed})")
    verdict.check(not people.sent_away, f"{name}: nobody else is sent away {people.sent_away or ''}")
    calm = await until(lambda: people.rooms() <= ROOMS_LEFT)
    verdict.check(calm, f"{name}: rooms without people leave memory ({people.rooms()} left)")
    calm = await until(lambda: people.descriptors() <= descriptors + DESCRIPTORS_SPARE)
    verdict.check(calm, f"{name}: descriptors are given back ({people.descriptors() - descriptors} more)")
    grown = people.node.resident_kib() - memory
    verdict.check(grown <= GROWTH_KIB_MAX, f"{name}: memory grows by at most {GROWTH_KIB_MAX} KiB ({grown})")
    for held, sentence in expectations.of(name, trial.facts):
        verdict.check(held, f"{name}: {sentence}")
    people.sent_away.clear()


async def run(node, names, seconds, verdict):
    people = Bystanders(node, ROOM)
    await people.begin()
    reply = await people.speaker.send("poll_open", question="?", kind="single", options=["a", "b"])
    target = Target(
        node.port, ROOM, node.tokens("attacker", ATTACKERS, "student", "school/hostile/*"),
        node.tokens("loud", 1, "instructor", ROOM)[0], reply["poll"])
    await people.listen(1)
    first = node.resident_kib()
    for name in names:
        await one(name, people, target, seconds, verdict)
    print(f"   -- all: memory {first} -> {node.resident_kib()} KiB")
    verdict.check(node.resident_kib() - first <= 2 * GROWTH_KIB_MAX, "after all attacks memory is within bounds")
    # Attackers may say the same twice; what the speaker says comes once.
    faults = [
        fault for person in people.listeners + [people.speaker] for fault in person.faults
        if not fault.startswith("twice: ") or fault.startswith("twice: beat")
    ]
    verdict.check(not faults, f"every event once and in order {faults[:3] or ''}")
    await people.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="the long ones too")
    parser.add_argument("--seconds", type=float, default=1, help="of each attack, 1")
    parser.add_argument("--list", action="store_true", help="names the attacks")
    parser.add_argument("--carry-out", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.carry_out:
        return carry_out(options.carry_out, options.seconds)
    names = [name for name in attacks() if options.all or name.partition(".")[2] not in LONG]
    if options.names:
        names = [name for name in attacks() if any(part in name for part in options.names)]
    if options.list:
        return print(*names, sep="\n")
    verdict = Verdict(f"{len(names)} attacks of {options.seconds:g} s")
    with Node(SETTINGS) as node:
        asyncio.run(run(node, names, options.seconds, verdict))
        verdict.check(node.end() == 0, "the node ends cleanly")
        said = [line for line in node.standard_error().splitlines() if "Sanitizer" in line or "atal error" in line]
        verdict.check(not said, f"nothing fatal was said {said[:3] or ''}")
    verdict.exit()


if __name__ == "__main__":
    main()
