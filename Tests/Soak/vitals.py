"""What a running node says of itself: memory, descriptors and CPU from /proc, counts from /metrics. Only reads."""

import os
import pathlib
import re
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")


class Vitals:
    def __init__(self, node):
        self.node = node
        self.before = {}

    def sample(self):
        pid = self.node.process.pid
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        metrics = self.metrics()
        now = {
            "rss_mib": self.node.resident_kib() / 1024,
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "cpu_s": (int(stat[11]) + int(stat[12])) / TICKS,
            "connections": total(metrics, "liveclassroom_connections"),
            "rooms": total(metrics, "liveclassroom_rooms"),
            "tail_mib": total(metrics, "liveclassroom_tail_bytes") / 2**20,
            "joins": total(metrics, "liveclassroom_joins_total"),
            "resumes": total(metrics, "liveclassroom_resumes_total"),
            "events": total(metrics, "liveclassroom_events_total"),
            "deliveries": total(metrics, "liveclassroom_deliveries_total"),
            "data_mib": folder_bytes(self.node.data) / 2**20,
        }
        buckets = histogram(metrics, "liveclassroom_delivery_latency_seconds")
        now["server_p99_ms"] = quantile(buckets, self.before.get("buckets", {}), 0.99)
        self.before = {"buckets": buckets}
        return now

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.node.port}/metrics", timeout=30) as answer:
            return answer.read().decode()


def total(metrics, name):
    """The sum over reactors and labels."""
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", metrics, re.M))


def histogram(metrics, name):
    """Cumulated counts by upper bound in seconds, all reactors together."""
    buckets = {}
    for bound, count in re.findall(rf'^{name}_bucket{{[^}}]*le="([^"]+)"}} (\S+)$', metrics, re.M):
        bound = float("inf") if bound == "+Inf" else float(bound)
        buckets[bound] = buckets.get(bound, 0) + float(count)
    return buckets


def quantile(now, before, share):
    """The upper bound of the bucket that holds the quantile of what came since, in milliseconds; None for nothing."""
    counts = {bound: count - before.get(bound, 0) for bound, count in sorted(now.items())}
    whole = counts.get(float("inf"), 0)
    if whole <= 0:
        return None
    return next(bound for bound, count in counts.items() if count >= share * whole) * 1000


def folder_bytes(path):
    found = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                found += os.stat(os.path.join(folder, name)).st_blocks * 512
            except FileNotFoundError:
                pass
    return found
