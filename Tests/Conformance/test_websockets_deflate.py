"""permessage-deflate against PyPI's `websockets`, whose compression is Python's zlib: random messages under every
combination of parameters on /echo, fragments, bombs, and a class in which one takes compression and one does not.
"""

import dataclasses
import json
import os
import random
import zlib

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.frames import Opcode
from websockets.sync.client import connect

SEED = int(os.environ.get("SEED", "0")) or random.randrange(1 << 32)
ROOM = "/v1/rooms/demo/cs101/live/live"
MIB = 1 << 20


def offers():
    """Every combination of the four parameters, windows from the smallest to the largest."""
    for server_forgets in (False, True):
        for client_forgets in (False, True):
            for server_bits in (None, 8, 9, 12, 15):
                for client_bits in (None, True, 9, 12, 15):
                    yield server_forgets, client_forgets, server_bits, client_bits


def echo(port, factory=None, **more):
    extensions = [factory] if factory else None
    return connect(f"ws://127.0.0.1:{port}/echo", extensions=extensions, compression=None, max_size=70 * MIB, **more)


def some_message(dice, most):
    size = dice.choice([0, 1, 2, 100, 1000, most])
    kind = dice.randrange(4)
    if kind == 0:
        return dice.randbytes(dice.randint(0, size))
    if kind == 1:
        return "a" * size
    words = ["the ", "room ", "poll ", "äöü ", "🙂", '{"ev":', "\u0000", "question "]
    text = "".join(dice.choices(words, k=1 + size // 6))
    return text if kind == 2 else text.encode()


def test_random_messages_come_back_under_every_combination_of_parameters(port):
    dice = random.Random(SEED)
    for server_forgets, client_forgets, server_bits, client_bits in offers():
        factory = ClientPerMessageDeflateFactory(
            server_no_context_takeover=server_forgets, client_no_context_takeover=client_forgets,
            server_max_window_bits=server_bits, client_max_window_bits=client_bits)
        with echo(port, factory) as socket:
            (agreed,) = socket.protocol.extensions
            assert isinstance(agreed, PerMessageDeflate)
            # What the server promised: its own side as asked, ours as hinted.
            assert agreed.remote_no_context_takeover == server_forgets
            assert agreed.local_no_context_takeover == client_forgets
            assert agreed.remote_max_window_bits == (server_bits or 15)
            for number in range(6):
                message = some_message(dice, 40_000)
                # In one frame, or in fragments that are compressed as one message.
                if number % 2 and message:
                    cut = dice.randint(0, len(message))
                    socket.send(iter([message[:cut], message[cut:]]))
                else:
                    socket.send(message)
                assert socket.recv(timeout=20) == message, f"seed {SEED}"


def test_large_messages_come_back_whole(port):
    dice = random.Random(SEED)
    with echo(port, ClientPerMessageDeflateFactory()) as socket:
        for size in (MIB, 16 * MIB):
            half = dice.randbytes(size // 2)
            message = half + half
            socket.send(message)
            assert socket.recv(timeout=120) == message


def test_without_an_offer_nothing_is_compressed(port):
    with echo(port) as socket:
        assert not socket.protocol.extensions
        socket.send("x" * 10_000)
        assert socket.recv(timeout=20) == "x" * 10_000


def raw_deflate(data):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Marked(PerMessageDeflate):
    """Sends payloads as they are, marked as compressed: what a hostile client would do."""

    def __init__(self):
        super().__init__(True, True, 15, 15)

    def encode(self, frame):
        return dataclasses.replace(frame, rsv1=True) if frame.opcode is Opcode.TEXT else frame


def in_room(port, token, name, factory=None, role="student"):
    return connect(
        f"ws://127.0.0.1:{port}{ROOM}", subprotocols=["live.v1", f"bearer.{token(name, role)}"],
        extensions=[factory] if factory else None, compression=None, max_size=MIB)


@pytest.mark.parametrize("payload, code", [
    (raw_deflate(b"a" * (8 * MIB)), 1009),
    (raw_deflate(b" ".join(b"%d" % n for n in range(4000))), 1009),
    (b"\xff\xff\xff\xff", 1007),
    (raw_deflate(b'{"op":"\xc3\x28"}'), 1007),
    (raw_deflate(b'{"op":"heartbeat"}')[:-3], 1007),
])
def test_a_bomb_or_a_broken_payload_closes_its_sender_and_nobody_else(port, token, payload, code):
    with in_room(port, token, "bystander", ClientPerMessageDeflateFactory()) as bystander:
        bystander.recv(timeout=20)
        with in_room(port, token, "eve", ClientPerMessageDeflateFactory()) as eve:
            eve.recv(timeout=20)
            eve.protocol.extensions[:] = [Marked()]
            eve.send(payload, text=True)
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    eve.recv(timeout=20)
            assert closed.value.rcvd.code == code
        bystander.send(json.dumps({"op": "chat_send", "id": "still", "text": "still here"}))
        while json.loads(bystander.recv(timeout=20)).get("re") != "still":
            pass


def test_a_room_is_the_same_with_and_without_compression(port, token):
    long = "Which of these forces does work on the block, and how much? " * 20
    with in_room(port, token, "plain") as plain, \
            in_room(port, token, "packed", ClientPerMessageDeflateFactory()) as packed, \
            in_room(port, token, "teacher", ClientPerMessageDeflateFactory(), role="instructor") as teacher:
        header = packed.response.headers["Sec-WebSocket-Extensions"]
        assert header == "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        assert "Sec-WebSocket-Extensions" not in plain.response.headers
        for number in range(30):
            text = f"{number} {long if number % 2 else 'short'}"
            teacher.send(json.dumps({"op": "chat_send", "id": f"c{number}", "text": text}))
        last = '"text":"29 '

        def chat(socket):
            texts = []
            while not texts or last not in texts[-1]:
                text = socket.recv(timeout=20)
                if '"ev":"chat_message"' in text and '"role":"instructor"' in text:
                    texts.append(text)
            return texts

        seen = chat(plain)
        assert len(seen) == 30
        assert chat(packed) == seen
