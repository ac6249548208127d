"""Compression between Chromium and the server: negotiated by itself, and a class runs on it in both directions."""

import re
import urllib.request

from people import Student, Teacher

AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
LONG = "Why does the mitochondrion have two membranes, and which of them holds the enzymes? " * 6


def handshakes(page):
    """The Sec-WebSocket-Extensions of each WebSocket that the page opens from now on."""
    seen = []
    session = page.context.new_cdp_session(page)

    def answered(event):
        headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
        seen.append(headers.get("sec-websocket-extensions", ""))

    session.on("Network.webSocketHandshakeResponseReceived", answered)
    session.send("Network.enable")
    return seen


def metric(node, name):
    with urllib.request.urlopen(f"{node.url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return sum(float(value) for value in re.findall(rf"^liveclassroom_{name}\{{.*\}} (\S+)$", text, re.M))


def test_chromium_negotiates_compression_and_a_class_runs_on_it(own_server, open_page):
    page = open_page("about:blank")
    seen = handshakes(page)
    page.goto(own_server.url + "/")
    teacher = Teacher.starts(page)
    ada = Student.joins(open_page(f"{own_server.url}/join#c={teacher.code()}", 390, 844), "Ada")
    assert teacher.transport() == ada.transport() == "websocket"
    assert seen and set(seen) == {AGREED}
    assert metric(own_server, "deflate_connections") == 2

    ada.says(LONG.strip())
    ada.says("short")
    teacher.awaits_log([LONG.strip(), "short"])
    ada.awaits_log([LONG.strip(), "short"])
    assert metric(own_server, "deflated_frames_total") >= 2, "once for the teacher's view and once for Ada's"
    assert metric(own_server, "deflate_out_bytes_total") < metric(own_server, "deflate_in_bytes_total") / 2
    assert metric(own_server, "inflated_messages_total") >= 1, "what Chromium sent was compressed"
    assert metric(own_server, "inflate_refusals_total") == 0
