"""PyPI tornado, its WebSocket client, without compression: see clients.py."""

import asyncio

from lines import identity, lines_later, say
from tornado.httpclient import HTTPError, HTTPRequest
from tornado.websocket import websocket_connect


async def read(connection):
    while (text := await connection.read_message()) is not None:
        say("text", text)
    say("closed", connection.close_code or 1006)


async def main():
    tasks = set()
    connection = None
    async for word, rest in lines_later():
        if word == "connect":
            url, how, token = rest.split()
            headers, subprotocols = identity(how, token)
            try:
                connection = await websocket_connect(HTTPRequest(url, headers=headers), subprotocols=subprotocols)
            except (OSError, HTTPError) as error:
                say("failed", repr(error))
                continue
            connection.on_pong = lambda payload: say("pong")
            say("open", connection.selected_subprotocol or "-")
            tasks.add(asyncio.create_task(read(connection)))
        elif word == "send":
            await connection.write_message(rest)
        elif word == "ping":
            connection.ping(b"are you there")
        elif word == "close":
            connection.close(1000)


asyncio.run(main())
