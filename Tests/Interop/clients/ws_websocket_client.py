"""PyPI websocket-client, its WebSocketApp on a thread."""

import os
import threading

import websocket
from lines import identity, lines, say


def main():
    app = None
    is_closing = False
    for word, rest in lines():
        if word == "connect":
            url, how, token = rest.split()
            headers, subprotocols = identity(how, token)
            is_closing = False
            app = websocket.WebSocketApp(
                url,
                header=headers,
                subprotocols=subprotocols,
                on_open=lambda app: say("open", app.sock.subprotocol or "-"),
                on_message=lambda app, text: say("text", text),
                on_pong=lambda app, payload: say("pong"),
                # It does not tell the code of a close that it began itself.
                on_close=lambda app, code, reason: say("closed", code or ("-" if is_closing else 1006)),
            )
            trust = {"ca_certs": os.environ["SSL_CERT_FILE"]} if "SSL_CERT_FILE" in os.environ else None
            threading.Thread(target=app.run_forever, kwargs={"sslopt": trust}, daemon=True).start()
        elif word == "send":
            app.send(rest)
        elif word == "ping":
            app.sock.ping("are you there")
        elif word == "close":
            is_closing = True
            app.close(status=1000)


main()
