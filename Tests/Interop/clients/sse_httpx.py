"""PyPI httpx-sse. Words of all event stream clients:

in:   connect URL TOKEN [LAST-EVENT-ID]      out:  open     event ID|- DATA     closed     failed REASON
"""

import threading

import httpx
from httpx_sse import connect_sse
from lines import lines, say


def read(url, token, last=None):
    headers = {"Authorization": f"Bearer {token}"}
    if last:
        headers["Last-Event-ID"] = last
    try:
        with httpx.Client(timeout=None) as client:
            with connect_sse(client, "GET", url, headers=headers) as source:
                source.response.raise_for_status()
                say("open")
                for event in source.iter_sse():
                    # The library also hands out blocks without data (a comment, `retry`); an EventSource would not.
                    if event.data:
                        say("event", event.id or "-", event.data)
    except httpx.HTTPStatusError as error:
        say("failed", error.response.status_code)
    except httpx.TransportError:
        pass
    say("closed")


for word, rest in lines():
    if word == "connect":
        threading.Thread(target=read, args=rest.split(), daemon=True).start()
