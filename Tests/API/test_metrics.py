"""What /metrics says is well formed, and every metric that a rule of Config/prometheus asks for is there."""

import http.client
import re
import shutil
import ssl
import subprocess
import time

import pytest

from documents import ROOT
from node import Node

RULES = ROOT / "Config" / "prometheus"
# There only where the node has a certificate.
WITH_TLS = {"liveclassroom_tls_certificate_expiry_timestamp_seconds"}


def families(text):
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))


def test_every_metric_of_the_rules_exists(node):
    there = families(node.ask("GET", "/metrics").body.decode())
    recorded = set(re.findall(r"record: (\S+)", (RULES / "recording.yml").read_text()))
    for name in ("recording.yml", "alerts.yml", "tests.yml"):
        text = (RULES / name).read_text()
        asked = set(re.findall(r"\b((?:instance:)?(?:liveclassroom|process)_[a-z0-9_:]*[a-z0-9])", text))
        for metric in asked - recorded - WITH_TLS:
            base = re.sub(r"_(bucket|sum|count)$", "", metric)
            assert metric in there or there.get(base) == "histogram", f"{name} asks for {metric}"


def test_promtool_finds_nothing_wrong(node):
    if not shutil.which("promtool"):
        pytest.skip("no promtool on PATH")
    text = node.ask("GET", "/metrics").body
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_a_certificate_tells_its_end(tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60)
    own = Node(f"tls.certificate={certificate}", f"tls.key={key}")
    try:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", own.port, timeout=60, context=ssl._create_unverified_context())
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
    finally:
        own.end()
    (name,) = WITH_TLS
    end = float(re.search(rf"^{name} (\S+)$", text, re.M)[1])
    assert abs(end - time.time() - 30 * 86_400) < 600
