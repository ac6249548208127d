"""PyPI picows: frames rather than messages; pings are answered by the library."""

import asyncio

import picows
from lines import identity, lines_later, say


class Listener(picows.WSListener):
    code = 1006

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == picows.WSMsgType.TEXT:
            say("text", frame.get_payload_as_utf8_text())
        elif frame.msg_type == picows.WSMsgType.PONG:
            say("pong")
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            self.code = int(frame.get_close_code())
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport):
        say("closed", self.code)


async def main():
    transport = None
    async for word, rest in lines_later():
        if word == "connect":
            url, how, token = rest.split()
            headers, subprotocols = identity(how, token)
            headers["Sec-WebSocket-Protocol"] = ", ".join(subprotocols)
            try:
                transport, _ = await picows.ws_connect(Listener, url, extra_headers=headers)
            except (OSError, picows.WSError) as error:
                say("failed", repr(error))
                continue
            say("open", transport.response.headers.get("Sec-WebSocket-Protocol", "-"))
        elif word == "send":
            transport.send(picows.WSMsgType.TEXT, rest.encode())
        elif word == "ping":
            transport.send_ping(b"are you there")
        elif word == "close":
            transport.send_close(picows.WSCloseCode.OK)


asyncio.run(main())
