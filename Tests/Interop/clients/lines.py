"""What all Python clients share: the words that the judge sends on standard input, and those it reads on the output.

in:   connect URL header|subprotocol TOKEN     send TEXT     ping     close
out:  open SUBPROTOCOL|-     text TEXT     pong     closed CODE     failed REASON
"""

import asyncio
import sys


def say(*words):
    print(*words, flush=True)


def identity(how, token):
    """Headers and subprotocols that carry the token in one of the two ways."""
    if how == "header":
        return {"Authorization": f"Bearer {token}"}, ["live.v1"]
    return {}, ["live.v1", f"bearer.{token}"]


def lines():
    """Blocking: pairs of word and rest."""
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        yield word, rest


async def lines_later():
    """The same for an event loop."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        word, _, rest = line.decode().rstrip("\n").partition(" ")
        yield word, rest
