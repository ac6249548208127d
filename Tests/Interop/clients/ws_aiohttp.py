"""PyPI aiohttp. Its automatic pongs would swallow ours, so pings are answered by hand, as its documentation shows."""

import asyncio

import aiohttp
from lines import identity, lines_later, say


async def read(socket):
    async for message in socket:
        if message.type == aiohttp.WSMsgType.TEXT:
            say("text", message.data)
        elif message.type == aiohttp.WSMsgType.PING:
            await socket.pong(message.data)
        elif message.type == aiohttp.WSMsgType.PONG:
            say("pong")
    if socket.close_code is None:
        # Closed by ourselves: the code is known when `close` is done.
        await asyncio.sleep(0.5)
    say("closed", socket.close_code)


async def main():
    tasks = set()
    socket = None
    async with aiohttp.ClientSession() as session:
        async for word, rest in lines_later():
            if word == "connect":
                url, how, token = rest.split()
                headers, subprotocols = identity(how, token)
                try:
                    socket = await session.ws_connect(
                        url, headers=headers, protocols=subprotocols, autoping=False, compress=15
                    )
                except aiohttp.ClientError as error:
                    say("failed", repr(error))
                    continue
                say("open", socket.protocol or "-")
                tasks.add(asyncio.create_task(read(socket)))
            elif word == "send":
                await socket.send_str(rest)
            elif word == "ping":
                await socket.ping(b"are you there")
            elif word == "close":
                await socket.close()


asyncio.run(main())
