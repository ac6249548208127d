"""Runs every client library against the real server and writes what came of it.

    interop.py [--page FILE] [NAME…]      names as in clients.py; without any: all of them

Exits 1 where a step failed. $LIVESERVER_BIN is the server, else the debug build.
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Faults"))

import judge_events
import judge_socket
from clients import clients
from node import Node, binary

# Libraries judged at once: more would measure the machine's patience.
AT_ONCE = 4
# Short, so that an idle client meets several of each within the run.
SETTINGS = [
    "limits.ping_ms=1000",
    "limits.silent_ms=2500",
    "limits.sse_heartbeat_ms=1000",
    "limits.moderator_burst=1000",
]
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


def judge(client, node, tokens, folder, attempt=1):
    place = folder / f"{client.name}-{attempt}"
    place.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    kind = judge_socket.SocketJudge if client.is_socket else judge_events.EventsJudge
    run = kind(client, node, attempt, tokens["teacher"], tokens[client.name], place, environment)
    try:
        results = run.run()
    except Exception as error:  # a fault of one client's run must not hide the others
        results = {step: f"FAILED: {error!r}" for step in run.results}
    return results, run.extensions


def failures(results):
    return {step: result for step, result in results.items() if result.startswith("FAILED")}


def table(rows, steps, deflate):
    heads = [
        "library",
        "language",
        "version",
        *(HEADINGS[step] for step in steps),
        *(["compressed"] if deflate else []),
    ]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for client, results, extensions in rows:
        cells = [client.library, client.language, client.version_text().split("+")[0].split(":")[-1]]
        cells += [results[step].split(":")[0] for step in steps]
        if deflate:
            cells.append("yes" if "permessage-deflate" in extensions else "no")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


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

## Server-sent events

{table(streams, judge_events.STEPS, False)}

- *Cut, resumed*: as above, by `Last-Event-ID`; `eventsource` and `aiohttp-sse-client` come back by themselves.
- `requests`, below `sseclient-py`, hands out a body without chunks in pieces of 128 bytes: an event would wait for the
  next. `SSEClient(response.iter_content(1))` is what is run here.
- Browsers are tested with the web client, see `Tests/Browser/`.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--page")
    arguments = parser.parse_args()
    chosen = [client for client in clients() if not arguments.names or client.name in arguments.names]
    for client in chosen:
        if not client.is_there():
            print(f"–     {client.name}: not installed", flush=True)
    chosen = [client for client in chosen if client.is_there()]
    with tempfile.TemporaryDirectory(prefix="live-interop-") as temporary, Node(SETTINGS) as node:
        tokens = {"teacher": node.tokens("teacher", 1, "instructor", "interop/*/*")[0]}
        for client in chosen:
            tokens[client.name] = mint(node, client.name)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            folder = pathlib.Path(temporary)
            runs = [(client, pool.submit(judge, client, node, tokens, folder)) for client in chosen]
            rows = [(client, *run.result()) for client, run in runs]
        for number, (client, results, _) in enumerate(rows):
            if failures(results):
                # A busy machine can keep a program waiting; alone and once more a fault of library or server stays.
                print(f"once  {client.name}", failures(results), "- once more, alone", flush=True)
                rows[number] = (client, *judge(client, node, tokens, folder, attempt=2))
            failed = failures(rows[number][1])
            print(("FAIL  " if failed else "ok    ") + client.name, failed or "", flush=True)
            errors = folder / f"{client.name}-2" / "errors"
            if failed and errors.exists():
                print(errors.read_text(errors="replace")[-1500:])
    if arguments.page:
        pathlib.Path(arguments.page).write_text(page(rows))
    failed = sum(bool(failures(results)) for _, results, _ in rows)
    print(f"{len(rows) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def mint(node, name):
    """A student's token whose `sub` is the client's name."""
    done = subprocess.run(
        [binary(), "token", "--sub", name, "--role", "student", "--room", "interop/*/*"],
        cwd=node.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


main()
