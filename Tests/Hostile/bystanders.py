"""The people who merely sit in the class while somebody attacks its node: what they notice of it.

A speaker says something every 50 ms, and every listener takes the time from when it was meant to be said until it was
heard. Beside that: the node's longest loop round, its CPU, memory and descriptors.
"""

import asyncio
import http.client
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Faults"))

from person import Gone, Person  # noqa: E402

BEAT_S = 0.05
LISTENERS = ("ws", "ws", "ws", "sse", "sse", "poll")
SETTLE_S = 30


class Reading:
    """What one stretch of time was like."""

    def __init__(self, delays, lost, failed, lag_ms, cpu_s, seconds):
        delays.sort()
        self.count, self.lost, self.failed = len(delays), lost, failed
        self.p50 = delays[len(delays) // 2] if delays else 0
        self.p99 = delays[min(len(delays) - 1, int(len(delays) * 0.99))] if delays else 0
        self.lag_ms, self.cpu = lag_ms, cpu_s / seconds

    def __str__(self):
        return (
            f"p50 {self.p50 * 1000:.0f} ms, p99 {self.p99 * 1000:.0f} ms, longest round {self.lag_ms:.0f} ms, "
            f"CPU {self.cpu:.2f}"
        )


class Bystanders:
    def __init__(self, node, room, transports=LISTENERS):
        self.node, self.room = node, room
        self.speaker = Person(node.port, node.tokens("speaker", 1, "instructor", room)[0], room)
        tokens = node.tokens("listener", len(transports), "student", room)
        self.listeners = [Person(node.port, t, room, how) for t, how in zip(tokens, transports)]
        self.meant, self.delays, self.counts = {}, [], {}
        self.sent_away = []
        self.tasks = []
        self.number = 0
        self.http = None
        for person in self.listeners:
            person.on_event = self.heard

    def heard(self, event):
        if event.get("ev") == "chat_message" and event["text"] in self.meant:
            text = event["text"]
            # A long poll answers when its next request comes: it must hear all, but is no measure of delay.
            self.counts[text] = self.counts.get(text, 0) + 1
            self.delays.append((text, time.monotonic() - self.meant[text]))

    async def live(self, person):
        await person.connect()
        try:
            await person.run()
        except Gone as gone:
            self.sent_away.append(f"{person.transport}: {gone}")

    async def begin(self):
        everybody = self.listeners + [self.speaker]
        self.tasks = [asyncio.create_task(self.live(person)) for person in everybody]
        deadline = time.monotonic() + SETTLE_S
        while not all(person.welcomes for person in everybody):
            if time.monotonic() > deadline:
                raise SystemExit("the bystanders were not let in")
            await asyncio.sleep(0.05)

    async def end(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def listen(self, seconds):
        """Speaks and measures for a while."""
        await asyncio.to_thread(self.lag_ms)
        cpu, began = self.cpu_s(), time.monotonic()
        self.meant, self.delays, self.counts = {}, [], {}
        asks, failed = [], 0
        for step in range(max(1, int(seconds / BEAT_S))):
            await asyncio.sleep(max(0, began + step * BEAT_S - time.monotonic()))
            self.number += 1
            text = f"beat {self.number}"
            self.meant[text] = began + step * BEAT_S
            asks.append(asyncio.create_task(self.speaker.send("chat_send", text=text)))
        for reply in await asyncio.gather(*asks):
            failed += not (reply and reply["ok"])
        deadline = time.monotonic() + SETTLE_S
        while len(self.delays) < (len(self.meant) - failed) * len(self.listeners) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        lost = (len(self.meant) - failed) * len(self.listeners) - len(self.delays)
        lag = await asyncio.to_thread(self.lag_ms)
        delays = [delay for _, delay in self.delays]
        return Reading(delays, lost, failed, lag, self.cpu_s() - cpu, time.monotonic() - began)

    # The node.

    def metrics(self):
        """Over one connection that is kept: a node that is full takes no other."""
        for _ in range(2):
            try:
                self.http = self.http or http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=30)
                self.http.request("GET", "/metrics")
                page = self.http.getresponse()
                text = page.read().decode()
                if page.status == 200:
                    return text
            except (OSError, http.client.HTTPException):
                pass
            self.http.close()
            self.http = None
        return ""

    def lag_ms(self):
        """The longest loop round of any reactor since this was last asked."""
        found = re.findall(r'loop_lag_seconds\{[^}]*stat="max"[^}]*\} (\S+)', self.metrics())
        return max((float(value) for value in found), default=0) * 1000

    def rooms(self):
        return sum(int(value) for value in re.findall(r"^liveclassroom_rooms\{[^}]*\} (\d+)", self.metrics(), re.M))

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.node.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.node.process.pid}/fd"))
