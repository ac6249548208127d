"""Floods over a WebSocket by people who were let in: much of what costs little to send."""

import json
import zlib

from target import Pump, frame

CONNECTIONS = 16


def flood(target, seconds, payload, reads=True, first=b"", count=CONNECTIONS, fields=""):
    pump = Pump(payload, reads, first)
    for plug in target.crowd(count, fields=fields):
        pump.add(plug)
    return pump.run(seconds).finish()


def command(**members):
    return frame(1, json.dumps(members).encode())


def pings(target, seconds):
    return flood(target, seconds, frame(9) * 4000)


def pings_unread(target, seconds):
    return flood(target, seconds, frame(9, b"p" * 125) * 500, reads=False)


def pongs(target, seconds):
    return flood(target, seconds, frame(10, b"p") * 4000)


def empty_messages(target, seconds):
    return flood(target, seconds, frame(1) * 4000)


def empty_messages_unread(target, seconds):
    return flood(target, seconds, frame(1) * 4000, reads=False)


def empty_fragments(target, seconds):
    return flood(target, seconds, frame(0, final=False) * 4000, first=frame(1, final=False))


def tiny_fragments(target, seconds):
    """Byte by byte to over 16 KiB: the message is too long."""
    return flood(target, seconds, frame(0, b"a", final=False) * 4000, first=frame(1, final=False))


def bad_json(target, seconds):
    return flood(target, seconds, frame(1, b'{"op":') * 2000)


def deep_json(target, seconds):
    return flood(target, seconds, frame(1, b"[" * 16000) * 20)


def binary(target, seconds):
    return flood(target, seconds, frame(2, b"\0" * 100) * 100)


def unmasked(target, seconds):
    return flood(target, seconds, b"\x81\x02{}" * 100)


def too_large(target, seconds):
    return flood(target, seconds, frame(1, b"x" * 20000) * 10)


def heartbeats(target, seconds):
    beat = command(op="heartbeat", id="h", seq=1, lag_ms=1, transport="ws", failed_connects=0)
    return flood(target, seconds, beat * 500)


def chats(target, seconds):
    """Different messages, far beyond what a student may send."""
    payload = b"".join(command(op="chat_send", id=f"c{n}", text=f"spam {n}") for n in range(2000))
    return flood(target, seconds, payload)


def repeated(target, seconds):
    """The same command again and again: it has its effect once, and its reply each time."""
    return flood(target, seconds, command(op="hand_raise", id="same") * 2000)


def unknown_ops(target, seconds):
    return flood(target, seconds, command(op="x" * 200, id="x") * 500)


def poll_answers(target, seconds):
    payload = b"".join(
        command(op="poll_answer", id=f"a{n}", poll=target.poll, attempt_id=f"t{n}", choice=n % 2) for n in range(2000)
    )
    return flood(target, seconds, payload)


DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"


def deflated(message):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(message) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def bombs(target, seconds):
    """Fifteen kilobytes that are as many megabytes."""
    return flood(target, seconds, frame(1, deflated(b" " * 15_000_000), compressed=True) * 20, fields=DEFLATE)


def small_bombs(target, seconds):
    """Each within the size of a message, but four hundred times what it came as."""
    message = b'{"op":"x","id":"' + b"x" * 16000 + b'"}'
    return flood(target, seconds, frame(1, deflated(message), compressed=True) * 1000, fields=DEFLATE)


def broken_deflate(target, seconds):
    return flood(target, seconds, frame(1, b"\xff" * 100, compressed=True) * 100, fields=DEFLATE)


def closes(target, seconds):
    """A close frame, and on as if nothing had been said."""
    return flood(target, seconds, frame(9) * 4000, first=frame(8, b"\x03\xe8") * 100)
