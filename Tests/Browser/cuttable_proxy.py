"""A TCP proxy between browser and server that can be cut like a network: bytes stop, nobody is told.

`cut()` makes existing connections go silent and lets new ones hang; `mend()` resets the silent ones, as a network
does for connections that it forgot, and serves again. Browsers can't do this: their offline switch spares sockets
that are open. `blocks` names what it refuses as some networks do: "websocket" (the upgrade is answered with 403),
"stream" (answers of event streams are held back).
"""

import asyncio
import threading


class CuttableProxy:
    def __init__(self, port):
        self.target = port
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._open = None
        self._writers = set()
        self._silent = set()
        self.blocks = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self._thread.start()
        self._run(self._listen())

    def stop(self):
        async def end():
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def cut(self):
        async def close_gate():
            self._open.clear()
            self._silent |= self._writers

        self._run(close_gate())

    def mend(self):
        async def open_gate():
            for writer in self._silent:
                writer.transport.abort()
            self._silent.clear()
            self._open.set()

        self._run(open_gate())

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self):
        self._open = asyncio.Event()
        self._open.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        upstream = None
        try:
            await self._open.wait()
            from_server, upstream = await asyncio.open_connection("127.0.0.1", self.target)
            self._writers.add(upstream)
            await asyncio.gather(self._pump_requests(reader, writer, upstream), self._pump(from_server, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for one in (writer, upstream):
                if one is not None:
                    self._writers.discard(one)
                    self._silent.discard(one)
                    one.transport.abort()

    async def _pump_requests(self, reader, client, upstream):
        """As `_pump`, with an eye on what is asked for. Requests of browsers fit into one read here."""
        while data := await reader.read(65536):
            head = data.lower()
            if "websocket" in self.blocks and b"upgrade: websocket" in head:
                client.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await client.drain()
                client.close()
                return
            if "stream" in self.blocks and b"accept: text/event-stream" in head:
                self._silent.add(client)
            if upstream in self._silent or not self._open.is_set():
                await asyncio.Event().wait()
            upstream.write(data)
            await upstream.drain()
        upstream.close()

    async def _pump(self, reader, writer):
        while data := await reader.read(65536):
            if writer in self._silent or not self._open.is_set():
                # What is on its way while the line is dead is lost with it.
                await asyncio.Event().wait()
            writer.write(data)
            await writer.drain()
        # One side has closed: the other is told at once, as TCP would.
        writer.close()
