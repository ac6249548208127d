"""Many at once or one after another: comings and goings, rooms by the thousand, and people who guess."""

import base64
import json
import os
import time

from target import Refused, frame, reset


def connects(target, seconds, count=10000):
    """Connects and leaves, in four manners in turn."""
    ways, began = [0, 0, 0, 0], time.monotonic()
    for number in range(count):
        way = number % 10
        if way < 4:
            target.plug().close()
            ways[0] += 1
        elif way < 7:
            reset(target.plug())
            ways[1] += 1
        elif way < 9:
            plug = target.plug()
            plug.sendall(b"GET / HT")
            plug.close()
            ways[2] += 1
        else:
            plug = target.join(target.tokens[number % len(target.tokens)])
            if number % 20 == 9:
                plug.sendall(frame(8, b"\x03\xe8"))
            plug.close()
            ways[3] += 1
    return {"connects": count, "closed": ways[0], "reset": ways[1], "half": ways[2], "joined": ways[3],
            "seconds": round(time.monotonic() - began, 1)}


def many_connects(target, seconds):
    return connects(target, seconds, 100000)


def rooms(target, seconds):
    """One token, a new room with each join."""
    end, count, refused = time.monotonic() + seconds, 0, {}
    while time.monotonic() < end:
        try:
            target.join(target.tokens[0], room=f"school/hostile/room-{count}").close()
        except Refused as status:
            refused[str(status)] = refused.get(str(status), 0) + 1
        count += 1
    return {"rooms": count, "refused": refused}


def statuses_of(target, seconds, text, limit=100000):
    end, told, count = time.monotonic() + seconds, {}, 0
    while time.monotonic() < end and count < limit:
        ask = text(count)
        body = ask[1]
        status, _ = target.request(
            f"{ask[0]} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{ask[2]}\r\n", body,
            source=ask[3] if len(ask) > 3 else None)
        told[str(status)] = told.get(str(status), 0) + 1
        count += 1
    return told


def random_text(count):
    return base64.urlsafe_b64encode(os.urandom(count)).decode().rstrip("=")


def codes(target, seconds):
    """Codes of classes by chance; whoever knows one is let in all the while."""
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

    def guess(_):
        code = "".join(alphabet[byte % 32] for byte in os.urandom(6))
        return "POST /v1/join", json.dumps({"code": code, "name": "x"}).encode(), ""

    told = statuses_of(target, seconds, guess)
    good = json.dumps({"code": "DEMO24", "name": "Ada"}).encode()
    elsewhere = statuses_of(target, 5, lambda _: ("POST /v1/join", good, "", "127.0.0.77"), 3)
    return {"statuses": told, "elsewhere": elsewhere}


def teachers(target, seconds):
    return {"statuses": statuses_of(
        target, seconds, lambda _: ("POST /v1/join", json.dumps({"teacher": random_text(24)}).encode(), ""))}


def tokens(target, seconds):
    """Signatures by chance; good tokens of the same address are taken all the while."""
    head, payload, _ = target.tokens[0].split(".")

    def guess(_):
        token = f"{head}.{payload}.{random_text(32)}"
        path = f"GET /v1/rooms/{target.room}/live"
        return path, b"", f"Authorization: Bearer {token}\r\n"

    told = statuses_of(target, seconds, guess)
    good = {}
    for token in target.tokens[:20]:
        try:
            target.join(token).close()
            good["101"] = good.get("101", 0) + 1
        except Refused as status:
            good[str(status)] = good.get(str(status), 0) + 1
    return {"statuses": told, "good": good}


def resumes(target, seconds):
    """Good tokens with resume tokens by chance: let in as if they had none, nothing is replayed."""
    end, count, welcomed = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        token = target.tokens[count % len(target.tokens)]
        plug = target.plug()
        plug.sendall(target.head(token, query=f"?resume={random_text(60)}&cursor=abcdefgh.1"))
        held = b""
        while b'"ev":' not in held:
            piece = plug.recv(65536)
            if not piece:
                break
            held += piece
        welcomed += b'"ev":"welcome"' in held
        plug.close()
        count += 1
    return {"tries": count, "welcomed": welcomed}


def classes(target, seconds):
    """Makes classes without end."""
    body = json.dumps({"name": "spam"}).encode()
    return {"statuses": statuses_of(target, seconds, lambda _: ("POST /v1/classes", body, ""))}
