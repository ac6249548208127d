"""HTTP that no honest client sends: heads without end, chunks of nothing, pipelines that nobody reads."""

from target import Pump, answer, wait_ends

GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


def refusals(target, seconds):
    """Each is answered with its status, and the connection ends."""
    ask = "GET / HTTP/1.1\r\nHost: a\r\n"
    post = "POST /v1/join HTTP/1.1\r\nHost: a\r\n"
    told = {}
    for name, text in {
        "head": ask + "X: " + "a" * 20000 + "\r\n\r\n",
        "headers": ask + "".join(f"X{n}: a\r\n" for n in range(200)) + "\r\n",
        "target": "GET /" + "a" * 9000 + " HTTP/1.1\r\nHost: a\r\n\r\n",
        "no_host": "GET / HTTP/1.1\r\n\r\n",
        "two_hosts": ask + "Host: b\r\n\r\n",
        "smuggled": post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two_lengths": post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "fold": ask + "X: a\r\n b\r\n\r\n",
        "space_name": ask + "X : a\r\n\r\n",
        "bare_lf": "GET / HTTP/1.1\nHost: a\n\n",
        "nul": ask + "X: \0\r\n\r\n",
        "body": post + "Content-Length: 99999999\r\n\r\n",
        "length_overflow": post + "Content-Length: 18446744073709551617\r\n\r\n",
        "chunk_extension": post + "Transfer-Encoding: chunked\r\n\r\n1;" + "x" * 20000 + "\r\n",
        "chunk_size": post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "trailer": post + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + "X: a\r\n" * 9000 + "\r\n",
        "version": "GET / HTTP/3.0\r\nHost: a\r\n\r\n",
        "method": "G" * 300 + " / HTTP/1.1\r\nHost: a\r\n\r\n",
        "tls": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 100,
    }.items():
        told[name] = target.request(text.replace("\r\n\r\nGET", "\r\n\r\n"))[0]
    return {"statuses": told}


def piped(target, seconds, payload, reads, count=16):
    pump = Pump(payload, reads)
    for _ in range(count):
        pump.add(target.plug())
    return pump.run(seconds).finish()


def pipelined(target, seconds):
    return piped(target, seconds, GET * 1000, True)


def pipelined_unread(target, seconds):
    return piped(target, seconds, GET * 1000, False)


def pipelined_pages_unread(target, seconds):
    """Forty bytes of request for a page of tens of kilobytes, and nobody fetches one."""
    return piped(target, seconds, b"GET /sdk/live.js HTTP/1.1\r\nHost: a\r\n\r\n" * 1000, False)


def pipelined_pages(target, seconds):
    return piped(target, seconds, b"GET /sdk/live.js HTTP/1.1\r\nHost: a\r\n\r\n" * 1000, True, count=8)


def tiny_chunks(target, seconds):
    """Bodies in chunks of a byte, each with an extension."""
    payload = b"POST /v1/join HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;a=b\r\nx\r\n" * 20000
    return piped(target, seconds, payload + b"0\r\n\r\n", True)


def bodies(target, seconds):
    """The longest JSON that is taken and is none, again and again."""
    body = b"[" * 16384
    payload = b"POST /v1/join HTTP/1.1\r\nHost: a\r\nContent-Length: 16384\r\n\r\n" + body
    return piped(target, seconds, payload, True, count=8)


def metrics(target, seconds):
    return piped(target, seconds, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 200, True, count=8)


def continues(target, seconds):
    """Asks whether it may go on, and does not."""
    plugs = [target.plug() for _ in range(100)]
    for plug in plugs:
        plug.sendall(b"POST /v1/join HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
    return wait_ends(plugs, seconds + 8)


__all__ = ["answer"]
