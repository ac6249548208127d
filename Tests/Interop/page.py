"""Docs/interop.md as `make interop` writes it: one table for WebSocket, one for server-sent events."""

import judge_events
import judge_socket

HEADINGS = {
    "header": "token in a header",
    "subprotocol": "token as subprotocol",
    "welcome": "welcome over 64 KiB",
    "command": "command, reply, events",
    "ping": "its ping",
    "pings": "our pings",
    "comments": "idle, comments",
    "resume": "cut, resumed",
    "4403": "sent away (4403)",
    "close": "clean close",
}


def table(rows, steps, deflate):
    heads = [
        "library",
        "language",
        "version",
        *(HEADINGS[step] for step in steps),
        *(["compressed"] if deflate else []),
        "all of it over TLS",
    ]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for client, results, extensions, encrypted in rows:
        cells = [client.library, client.language, client.version_text().split("+")[0].split(":")[-1]]
        cells += [results[step].split(":")[0] for step in steps]
        if deflate:
            plain = "no, see below" if client.plain_because else "no"
            cells.append("yes" if "permessage-deflate" in extensions else plain)
        well = "ok, see below" if client.lacks_over_tls else "ok"
        cells.append("FAILED" if any(result.startswith("FAILED") for result in encrypted.values()) else well)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def remarks(rows):
    """Libraries whose compression or end of TLS does not get on with the server's, and why."""
    clients = [row[0] for row in rows]
    plain = [f"- {one.library} runs uncompressed: it {one.plain_because}." for one in clients if one.plain_because]
    cut = [f"- {one.library} over TLS {one.lacks_over_tls_because}." for one in clients if one.lacks_over_tls]
    return "\n".join(plain + cut)


def page(rows):
    sockets = [row for row in rows if row[0].is_socket]
    streams = [row for row in rows if not row[0].is_socket]
    return f"""# Interoperation

Client libraries of other languages against the real server, as `make interop` last ran them and wrote this page.
Each step is judged by what the library itself reports: texts compared byte for byte, seqs in order, close codes.
`–` stands where a library's interface does not offer the step.

## WebSocket

{table(sockets, judge_socket.STEPS, True)}

- *Our pings*: the connection is idle for more than twice `limits.silent_ms` and lives, since the library answers
  the server's pings.
- *Cut, resumed*: the connection is cut without a close, 20 messages are missed, and `?resume=…&cursor=…` brings
  exactly these, once and in order.
- *Compressed*: whether the library offers permessage-deflate and the server took it up.
{remarks(sockets)}

## Server-sent events

{table(streams, judge_events.STEPS, False)}

- *Cut, resumed*: as above, by `Last-Event-ID`; `eventsource` and `aiohttp-sse-client` come back by themselves.
- `requests`, below `sseclient-py`, hands out a body without chunks in pieces of 128 bytes: an event would wait for the
  next. `SSEClient(response.iter_content(1))` is what is run here.
- Browsers are tested with the web client, see `Tests/Browser/`.
"""
