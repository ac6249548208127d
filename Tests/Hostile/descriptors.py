#!/usr/bin/env python3
"""A node with few descriptors meets more people than it has: those inside are served, newcomers are turned away at
once and not left hanging, and when others leave there is room again.

    descriptors.py [LIMIT]        descriptors of the node, 200
"""

import asyncio
import sys
import time

from bystanders import Bystanders

from node import Node, Verdict
from target import Target

ROOM = "school/hostile/live"
# What a node keeps for its files and for telling newcomers that it is full.
OWN_MAX = 90


def crowd(target, count):
    """Connects so many: those that stay, and how many the node ended, and how long the last took."""
    plugs, told, longest = [], 0, 0.0
    for _ in range(count):
        plugs.append(target.plug())
    inside = []
    for plug in plugs:
        began = time.monotonic()
        plug.settimeout(5)
        try:
            plug.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = plug.recv(65536)
        except OSError:
            answer = b""
        longest = max(longest, time.monotonic() - began)
        if answer.startswith(b"HTTP/1.1 200"):
            inside.append(plug)
        else:
            told += 1
            plug.close()
    return inside, told, longest


async def run(node, limit, verdict):
    # A long poll is a newcomer each time, and a full node takes none.
    people = Bystanders(node, ROOM, ("ws", "ws", "ws", "sse", "sse"))
    await people.begin()
    target = Target(node.port, ROOM, node.tokens("late", 3, "student", ROOM), "")
    before = await people.listen(2)
    descriptors = people.descriptors()
    inside, told, longest = await asyncio.to_thread(crowd, target, limit * 2)
    during = await people.listen(3)
    print(f"      before: {before}\n      during: {during}")
    print(f"      {descriptors} in use before; {len(inside)} let in, {told} turned away, at most {longest:.2f} s each")
    verdict.check(len(inside) >= limit - OWN_MAX, f"most descriptors are for people ({len(inside)} of {limit})")
    verdict.check(told > 0 and longest < 2, "who finds no room is told so at once")
    verdict.check(during.p99 <= 2 * before.p99 + 0.25, f"those inside wait {during.p99 * 1000:.0f} ms")
    verdict.check(not (during.lost or during.failed), f"and lose nothing ({during.lost}, {during.failed} refused)")
    verdict.check(during.cpu < 0.9, f"the node does not spin ({during.cpu:.2f} CPUs)")
    verdict.check(not people.sent_away, f"and nobody is sent away {people.sent_away or ''}")
    for plug in inside:
        plug.close()
    deadline = time.monotonic() + 20
    while people.descriptors() > descriptors + 3 and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    verdict.check(people.descriptors() <= descriptors + 3, "descriptors are given back")
    plug = await asyncio.to_thread(target.join, target.tokens[0])
    verdict.check(True, "newcomers are let in again")
    plug.close()
    await people.end()


def main():
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    verdict = Verdict(f"a node with {limit} descriptors")
    with Node(["limits.moderator_rate=1000"], descriptors=limit) as node:
        asyncio.run(run(node, limit, verdict))
        verdict.check(node.end() == 0, "the node ends cleanly")
    verdict.exit()


if __name__ == "__main__":
    main()
