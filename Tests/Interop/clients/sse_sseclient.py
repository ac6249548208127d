"""PyPI sseclient-py over requests. Words as in sse_httpx.py."""

import threading

import requests
import sseclient
from lines import lines, say


def read(url, token, last=None):
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    if last:
        headers["Last-Event-ID"] = last
    try:
        response = requests.get(url, headers=headers, stream=True, timeout=(10, None))
        response.raise_for_status()
        say("open")
        # Left to itself requests waits for 128 bytes of a body without chunks, and an event would come with the next.
        for event in sseclient.SSEClient(response.iter_content(1)).events():
            if event.data:
                say("event", event.id or "-", event.data)
    except requests.HTTPError as error:
        say("failed", error.response.status_code)
    except requests.RequestException:
        pass
    say("closed")


for word, rest in lines():
    if word == "connect":
        threading.Thread(target=read, args=rest.split(), daemon=True).start()
