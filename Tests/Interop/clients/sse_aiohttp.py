"""PyPI aiohttp-sse-client: comes back by itself with Last-Event-ID. Words as in sse_httpx.py."""

import asyncio

import aiohttp
from aiohttp_sse_client.client import EventSource
from lines import lines_later, say


async def read(url, token):
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=None)
    while True:
        try:
            source = EventSource(url, headers=headers, timeout=timeout, on_open=lambda: say("open"))
            async with source:
                async for event in source:
                    headers["Last-Event-ID"] = event.last_event_id
                    say("event", event.last_event_id or "-", event.data)
        except (ConnectionError, aiohttp.ClientError, asyncio.TimeoutError):
            pass
        await asyncio.sleep(0.5)


async def main():
    tasks = set()
    async for word, rest in lines_later():
        if word == "connect":
            tasks.add(asyncio.create_task(read(*rest.split()[:2])))


asyncio.run(main())
