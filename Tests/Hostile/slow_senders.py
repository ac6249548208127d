"""Those who take their time: heads and bodies in drops, answers that nobody fetches, connections that say nothing."""

import selectors
import time

from target import Refused, frame, reset, vanish, wait_ends

CONNECTIONS = 150


def trickle(plugs, payload, seconds, pause=0.1):
    """A byte to each plug now and then, until the server has ended all or the time is over."""
    began, at, statuses, ended, last = time.monotonic(), 0, {}, 0, 0.0
    selector = selectors.DefaultSelector()
    for plug in plugs:
        plug.setblocking(False)
        selector.register(plug, selectors.EVENT_READ)
    alive = set(plugs)
    while alive and time.monotonic() < began + seconds:
        for plug in list(alive):
            try:
                plug.send(payload[at % len(payload) : at % len(payload) + 1])
            except (BlockingIOError, ConnectionResetError, BrokenPipeError):
                pass
        at += 1
        until = time.monotonic() + pause
        while time.monotonic() < until and alive:
            for key, _ in selector.select(max(0, until - time.monotonic())):
                try:
                    piece = key.fileobj.recv(65536)
                except (ConnectionResetError, BrokenPipeError):
                    piece = b""
                if piece.startswith(b"HTTP/1.1 "):
                    status = piece.split()[1].decode()
                    statuses[status] = statuses.get(status, 0) + 1
                if not piece:
                    selector.unregister(key.fileobj)
                    alive.discard(key.fileobj)
                    ended, last = ended + 1, time.monotonic() - began
    for plug in plugs:
        plug.close()
    return {"ended": ended, "of": len(plugs), "last_s": round(last, 2), "statuses": statuses}


def head(target, seconds):
    plugs = [target.plug() for _ in range(CONNECTIONS)]
    return trickle(plugs, b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: " + b"a" * 4000, seconds + 8)


def body(target, seconds):
    plugs = [target.plug() for _ in range(CONNECTIONS)]
    for plug in plugs:
        plug.sendall(b"POST /v1/join HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n")
    return trickle(plugs, b"{" + b" " * 8000, seconds + 8)


def chunked_body(target, seconds):
    plugs = [target.plug() for _ in range(CONNECTIONS)]
    for plug in plugs:
        plug.sendall(b"POST /v1/join HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    return trickle(plugs, b"1\r\n \r\n" * 1000, seconds + 8)


def idle(target, seconds):
    """Connects and says nothing."""
    return wait_ends([target.plug() for _ in range(CONNECTIONS)], seconds + 8)


def idle_after_answer(target, seconds):
    plugs = [target.plug() for _ in range(CONNECTIONS)]
    for plug in plugs:
        plug.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    return wait_ends(plugs, seconds + 12)


def silent(target, seconds):
    """People in the room whose machines still stand and whose programs do not answer any more."""
    return wait_ends(target.crowd(60), seconds + 12)


def frame_in_drops(target, seconds):
    """A message byte by byte: nobody else waits for it."""
    plugs = target.crowd(40)
    for plug in plugs:
        plug.sendall(b"\x81\xfe\x3f\x00\x11\x22\x33\x44")
    return trickle(plugs, b"a", seconds, pause=0.02)


def unread_pages(target, seconds):
    """Asks for the largest page and fetches it a few bytes at a time."""
    plugs = []
    for _ in range(CONNECTIONS):
        plug = target.plug(receive_bytes=2048)
        plug.sendall(b"GET /sdk/live.js HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
        plugs.append(plug)
    # Not a byte is read: the server has to notice by itself.
    time.sleep(seconds)
    held = sum(is_open(plug) for plug in plugs)
    for plug in plugs:
        plug.close()
    return {"held": held, "of": len(plugs)}


def is_open(plug):
    """Whether the kernel still has the connection, read or unread: a write to a reset one fails."""
    try:
        plug.settimeout(0.2)
        plug.send(b"\r\n")
        return True
    except OSError:
        return False


def vanished(target, seconds):
    """In the room, then gone without a packet; what the server sends next finds nobody."""
    gone = [vanish(plug) for plug in target.crowd(60)]
    time.sleep(seconds)
    return {"of": len(gone), "without_a_packet": sum(gone)}


def resets(target, seconds):
    """RST in the middle of heads, bodies, frames and streams."""
    end, count = time.monotonic() + seconds, 0
    body = b"POST /v1/join HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"
    pieces = [b"GET / HT", body, b"\x16\x03\x01\x02\x00\x01"]
    while time.monotonic() < end:
        for piece in pieces:
            plug = target.plug()
            plug.sendall(piece)
            reset(plug)
            count += 1
        token = target.tokens[count % len(target.tokens)]
        for half in (frame(1, b"x" * 500)[:200], frame(9, b"x" * 100)[:1], b""):
            plug = target.join(token)
            plug.sendall(half)
            reset(plug)
            count += 1
        plug = target.join(token, transport="sse")
        reset(plug)
        count += 1
    return {"resets": count}


def half_closed(target, seconds):
    """FIN in mid-frame: the server sees the end and lets go."""
    plugs = target.crowd(40)
    for plug in plugs:
        plug.sendall(frame(1, b"x" * 500)[:200])
        plug.shutdown(1)
    return wait_ends(plugs, seconds + 8)


def stopped_readers(target, seconds):
    """Sixty sockets and sixty streams that read nothing while an instructor says a lot."""
    import json

    plugs = target.crowd(60, receive_bytes=4096)
    plugs += target.crowd(60, transport="sse", receive_bytes=4096)
    speaker = target.join(target.teacher)
    speaker.setblocking(False)
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        text = json.dumps({"op": "chat_send", "id": f"s{count}", "text": "z" * 1900})
        try:
            speaker.send(frame(1, text.encode()))
            while speaker.recv(1 << 20):
                pass
        except BlockingIOError:
            pass
        count += 1
        time.sleep(0.02)
    speaker.close()
    for plug in plugs:
        plug.close()
    return {"said": count, "readers": len(plugs)}


__all__ = ["Refused"]
