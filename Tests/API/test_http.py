"""Each path, method and status of the OpenAPI document is brought about at the running server, and what it answers is
what the document says. A status that the document names and no case reaches fails the last test here, unless it stands
in ELSEWHERE with its reason.
"""

import base64
import itertools
import json
import os
import socket

import pytest

import documents
from documents import OPENAPI
from node import Node

ROOM = "demo/cs101/live"
LIVE = "/v1/rooms/{institution}/{course}/{session}/live"
COMMANDS = LIVE.replace("/live", "/commands")
PARTICIPANTS = LIVE.replace("/live", "/participants")
RECORD = LIVE.replace("/live", "/record")
PAGES = ["/", "/join", "/teach", "/show"]
STRANGER = {"Origin": "https://elsewhere.example"}

# What a running server does only in trouble, or to those who come too often: other suites bring it about.
ELSEWHERE = {
    "503": "a full or failing node: Tests/Integration/StoreOutageTests.swift, Tests/ServerTests/Core",
    "429": "an address that guesses: Tests/Integration/GuestTests.swift, TokenTests.swift; one case below",
}

reached = set()
number = itertools.count(1)


def room(path, of="demo", course="cs101", session="live"):
    return path.replace("{institution}", of).replace("{course}", course).replace("{session}", session)


def judged(path, method, answer):
    """Notes that a case was reached and compares the answer with the document."""
    operation = OPENAPI["paths"][path][method]
    said = operation["responses"].get(str(answer.status))
    assert said, f"{method} {path}: {answer.status} is not documented: {answer.body[:300]}"
    reached.add((path, method, str(answer.status)))
    contents = said.get("content")
    if not contents:
        assert not answer.body, f"{method} {path} {answer.status} has a body"
        return
    assert answer.type in contents, f"{method} {path} {answer.status}: {answer.type}"
    for name, header in said.get("headers", {}).items():
        assert name.lower() in answer.headers, f"{method} {path} {answer.status}: no {name}"
    schema = contents[answer.type]["schema"]
    if "json" in answer.type:
        faults = documents.faults(answer.json(), schema)
        assert not faults, f"{method} {path} {answer.status}: {faults} in {answer.body[:500]}"
    if answer.type == "application/problem+json":
        assert answer.json()["status"] == answer.status


@pytest.fixture(scope="module")
def people(node):
    return {role: node.token(f"{role}-1", role) for role in
            ("observer", "student", "assistant", "instructor", "service")}


@pytest.fixture(scope="module")
def made(node):
    answer = node.ask("POST", "/v1/classes", {"name": "Biology", "guests": "named", "cap": 1})
    judged("/v1/classes", "post", answer)
    assert answer.status == 201
    return answer.json()


def command(node, bearer, op, key=None, **members):
    body = {"op": op, "id": f"c{next(number)}", **members}
    headers = {"Idempotency-Key": key} if key else None
    answer = node.ask("POST", room(COMMANDS), body, headers, bearer)
    judged(COMMANDS, "post", answer)
    return answer


def test_pages_and_documents(node):
    for path in PAGES + ["/v1/openapi.json", "/v1/asyncapi.json"]:
        answer = node.ask("GET", path)
        judged(path, "get", answer)
        judged(path, "get", node.ask("GET", path, headers={"If-None-Match": answer.headers["etag"]}))
        judged(path, "get", node.ask("GET", path, headers=STRANGER))


def test_operations(node):
    for path in ("/healthz", "/readyz", "/metrics"):
        judged(path, "get", node.ask("GET", path))
        judged(path, "get", node.ask("GET", path, headers=STRANGER))


def test_every_path_answers_options_and_refuses_other_methods(node):
    for path, item in OPENAPI["paths"].items():
        concrete = room(path).replace("{code}", "DEMO24")
        methods = {method.upper() for method in documents.METHODS if method in item}
        if "GET" in methods and item["x-route"] not in ("live", "echo"):
            methods.add("HEAD")
        options = node.ask("OPTIONS", concrete)
        assert options.status == 204
        assert {word.strip() for word in options.headers["allow"].split(",")} == methods | {"OPTIONS"}, path
        for method in {"PUT", "DELETE", "GET", "POST", "HEAD"} - methods:
            refused = node.ask(method, concrete)
            assert refused.status == 405 and refused.headers["allow"] == options.headers["allow"], path
            assert method == "HEAD" or not documents.faults(
                refused.json(), {"$ref": "#/components/schemas/Problem"})
        if "HEAD" in methods:
            head = node.ask("HEAD", concrete)
            assert not head.body


def test_a_room_that_can_be_none(node, people):
    for path, method in ((LIVE, "get"), (PARTICIPANTS, "get"), (RECORD, "get"), (COMMANDS, "post")):
        for name in ("a!b", "%C2%84", "x" * 65):
            answer = node.ask(method.upper(), room(path, course=name), token=people["instructor"])
            judged(path, method, answer)
            assert answer.status == 404


def test_a_path_that_is_none_is_a_problem_too(node):
    for path in ("/nothing", "/v1/rooms/a/b/live", "/v1/rooms/a/b/c/d/live", "/v1", "/v1/openapi.json/x"):
        answer = node.ask("GET", path)
        assert answer.status == 404
        assert not documents.faults(answer.json(), {"$ref": "#/components/schemas/Problem"})


def test_requests_that_are_none(node):
    """What is no HTTP, too long or too large: documented in `info` for all paths."""
    line = b"GET / HTTP/1.1\r\nHost: x\r\n"
    for raw, status in ((b"nonsense\r\n\r\n", 400), (line.replace(b"/ ", b"/" + b"a" * 70_000 + b" ") + b"\r\n", 414),
                        (line + b"X: " + b"a" * 70_000 + b"\r\n\r\n", 431)):
        with socket.create_connection(("127.0.0.1", node.port), timeout=30) as plug:
            try:
                plug.sendall(raw)
            except OSError:
                pass
            got = b""
            try:
                while part := plug.recv(65536):
                    got += part
            except OSError:
                pass
        head, _, body = got.partition(b"\r\n\r\n")
        assert int(head.split()[1]) == status, head
        assert not documents.faults(json.loads(body), {"$ref": "#/components/schemas/Problem"})


def test_classes(node, made):
    judged("/v1/classes", "post", node.ask("POST", "/v1/classes", {"name": ""}))
    judged("/v1/classes", "post", node.ask("POST", "/v1/classes", {"name": "x"}, STRANGER))
    judged("/v1/classes", "post", node.ask("POST", "/v1/classes", "x" * (4 << 20)))
    info = "/v1/classes/{code}"
    judged(info, "get", node.ask("GET", f"/v1/classes/{made['code']}"))
    judged(info, "get", node.ask("GET", "/v1/classes/ZZZZZZ"))
    judged(info, "get", node.ask("GET", f"/v1/classes/{made['code']}", headers=STRANGER))


def test_joining(node, made):
    def join(body, status, headers=None):
        answer = node.ask("POST", "/v1/join", body, headers)
        judged("/v1/join", "post", answer)
        assert answer.status == status, answer.body
        return answer.json()

    seat = join({"code": made["code"], "name": "Ada"}, 200)
    again = join({"link": made["join_link"], "name": "Ada", "device": seat["device"]}, 200)
    assert again["participant"] == seat["participant"]
    teacher = join({"teacher": made["teacher_link"].partition("#t=")[2]}, 200)
    assert teacher["role"] == "instructor" and teacher["code"] == made["code"]
    join({"code": made["code"]}, 400)
    join([], 400)
    join({"code": "ZZZZZZ", "name": "Ada"}, 404)
    join({"code": made["code"], "name": "Ben"}, 409)
    join("x" * (4 << 20), 413)
    join({"code": made["code"], "name": "Ada"}, 403, STRANGER)


def test_streams(node, people):
    token = people["student"]
    path = room(LIVE)
    first = node.ask("GET", path, token=token)
    judged(LIVE, "get", first)
    greeting = first.json()
    assert greeting["events"][0]["ev"] == "welcome"
    later = node.ask("GET", f"{path}?cursor={greeting['cursor']}&wait=0", token=token)
    judged(LIVE, "get", later)
    back = node.ask("GET", f"{path}?cursor={greeting['cursor']}&resume={greeting['resume']}", token=token)
    judged(LIVE, "get", back)
    judged(LIVE, "get", node.ask("GET", f"{path}?cursor=nonsense", token=token))
    judged(LIVE, "get", node.ask("GET", path))
    judged(LIVE, "get", node.ask("GET", room(LIVE, course="other"), token=token))
    stream = node.ask("GET", path, headers={"Accept": "text/event-stream"}, token=token)
    assert stream.status == 200 and stream.type == "text/event-stream"
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": key, "Sec-WebSocket-Protocol": f"live.v1, bearer.{token}"}
    assert socket_status(node, path, upgrade) == 101
    reached.add((LIVE, "get", "101"))
    assert socket_status(node, "/echo", upgrade) == 101
    reached.add(("/echo", "get", "101"))


def socket_status(node, path, headers):
    with socket.create_connection(("127.0.0.1", node.port), timeout=30) as plug:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        plug.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{node.port}\r\n{lines}\r\n".encode())
        return int(plug.recv(65536).split()[1])


def test_a_poll_that_another_of_the_same_device_replaces_is_told_so(node, people):
    import threading

    token, path = people["assistant"], room(LIVE)
    cursor = node.ask("GET", path, token=token).json()["cursor"]
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(
        node.ask("GET", f"{path}?cursor={cursor}&wait=20&device=phone", token=token)))
    waiting.start()
    while not answers and waiting.is_alive():
        node.ask("GET", f"{path}?cursor={cursor}&wait=0&device=phone", token=token)
    waiting.join(30)
    judged(LIVE, "get", answers[0])
    assert answers[0].status == 409


def test_tickets(node, people):
    def ticket(body, token=people["student"], headers=None):
        answer = node.ask("POST", "/v1/tickets", body, headers, token)
        judged("/v1/tickets", "post", answer)
        return answer

    made = ticket(None).json()["ticket"]
    for status in (200, 401):
        answer = node.ask("GET", f"{room(LIVE)}?ticket={made}")
        judged(LIVE, "get", answer)
        assert answer.status == status, "a ticket is good once"
    assert ticket({"room": ROOM}).status == 200
    assert ticket({"room": "nonsense"}).status == 400
    assert ticket(None, None).status == 401
    assert ticket({"room": "demo/other/live"}).status == 403
    assert ticket(None, headers=STRANGER).status == 403
    assert ticket("x" * (4 << 20)).status == 413


def test_commands(node, people):
    student, teacher, observer = people["student"], people["instructor"], people["observer"]
    said = command(node, student, "chat_send", text="hello")
    assert said.status == 200
    assert command(node, student, "chat_send", text="").status == 400
    assert command(node, student, "no_such_op").status == 400
    assert command(node, student, "chat_send", key="another", text="x").status == 400
    judged(COMMANDS, "post", node.ask("POST", room(COMMANDS), "{", token=student))
    assert command(node, student, "auth", token=student).status == 200
    assert command(node, student, "auth", token="bad").status == 401
    assert command(node, student, "auth", token=teacher).status == 403
    assert command(node, None, "chat_send", text="x").status == 401
    assert command(node, "bad.token.here", "chat_send", text="x").status == 401
    assert command(node, observer, "chat_send", text="x").status == 403
    assert command(node, student, "room_lock").status == 403
    assert command(node, teacher, "chat_delete", message="m999999").status == 404
    twice = {"op": "chat_send", "id": "the-same", "text": "one"}
    for text, status in (("one", 200), ("one", 200), ("two", 409)):
        answer = node.ask("POST", room(COMMANDS), {**twice, "text": text}, token=student)
        judged(COMMANDS, "post", answer)
        assert answer.status == status
    judged(COMMANDS, "post", node.ask(
        "POST", room(COMMANDS), {"op": "chat_send", "id": "long", "text": "x" * 17_000}, token=student))
    refused = next(a for a in (command(node, student, "hand_raise") for _ in range(200)) if a.status != 200)
    assert refused.status == 429


def test_what_moderators_ask(node, people):
    for path, wrong in ((PARTICIPANTS, "?limit=0"), (RECORD, "?after=x")):
        judged(path, "get", node.ask("GET", room(path), token=people["instructor"]))
        judged(path, "get", node.ask("GET", room(path) + "?limit=1", token=people["service"]))
        judged(path, "get", node.ask("GET", room(path) + wrong, token=people["assistant"]))
        judged(path, "get", node.ask("GET", room(path)))
        judged(path, "get", node.ask("GET", room(path), token=people["student"]))


def test_echo(node):
    judged("/echo", "get", node.ask("GET", "/echo"))
    judged("/echo", "post", node.ask("POST", "/echo", "abc"))
    judged("/echo", "post", node.ask("POST", "/echo", "x" * (4 << 20)))
    judged("/echo", "post", node.ask("POST", "/echo", "abc", STRANGER))
    judged("/echo", "get", node.ask("GET", "/echo", headers=STRANGER))
    plain = Node()
    try:
        judged("/echo", "get", plain.ask("GET", "/echo"))
        judged("/echo", "post", plain.ask("POST", "/echo", "abc"))
    finally:
        plain.end()


def test_an_address_that_guesses_is_told_to_wait():
    own = Node()
    try:
        answers = [own.ask("GET", f"/v1/classes/{code}") for code in ("AAAA22", "BBBB22", "CCCC22") * 40]
        for answer in answers:
            judged("/v1/classes/{code}", "get", answer)
        assert answers[-1].status == 429
        judged("/v1/join", "post", own.ask("POST", "/v1/join", {"code": "DDDD22", "name": "x"}))
    finally:
        own.end()


def test_every_documented_status_was_reached():
    wanted = {(path, method, status) for path, method, operation in documents.operations()
              for status in operation["responses"]}
    missing = sorted(entry for entry in wanted - reached if entry[2] not in ELSEWHERE)
    assert not missing, missing
