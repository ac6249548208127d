"""PyPI websockets, asyncio client."""

import asyncio

from lines import identity, lines_later, say
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException


async def read(socket):
    try:
        async for message in socket:
            say("text", message)
    except ConnectionClosed:
        pass
    say("closed", socket.close_code)


async def ping(socket):
    await (await socket.ping())
    say("pong")


async def main():
    tasks = set()
    socket = None
    async for word, rest in lines_later():
        if word == "connect":
            url, how, token = rest.split()
            headers, subprotocols = identity(how, token)
            try:
                socket = await connect(
                    url, additional_headers=headers, subprotocols=subprotocols, ping_interval=None, proxy=None
                )
            except (OSError, WebSocketException) as error:
                say("failed", repr(error))
                continue
            say("open", socket.subprotocol or "-")
            tasks.add(asyncio.create_task(read(socket)))
        elif word == "send":
            await socket.send(rest)
        elif word == "ping":
            tasks.add(asyncio.create_task(ping(socket)))
        elif word == "close":
            await socket.close()


asyncio.run(main())
