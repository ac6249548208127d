"""People who come over TLS through a proxy, one class a transport, each on real client libraries. They keep what a
client of the protocol keeps (position, resume token), come back when they are cut off, and note every chat message.
"""

import json
import threading
import time

import httpx
import httpx_sse
import requests
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect


class Visitor:
    def __init__(self, port, room, token, tls, certificate):
        self.port, self.room, self.token, self.tls, self.certificate = port, room, token, tls, certificate
        self.texts = []
        self.delays = []
        self.welcome = None
        self.epoch, self.seq, self.resume = None, 0, None
        self.attached = self.ends = 0
        self.problems = []
        self.is_over = False
        self.news = threading.Condition()
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def _live(self):
        while not self.is_over:
            try:
                self.visit()
            except (OSError, WebSocketException, httpx.HTTPError, requests.RequestException, ValueError) as error:
                self.problems.append(repr(error)[:200])
            self.ends += 1
            time.sleep(0.1)

    def query(self, more=""):
        text = f"?device={type(self).__name__}{more}"
        return text + (f"&resume={self.resume}&cursor={self.epoch}.{self.seq}" if self.resume else "")

    def address(self, scheme, more=""):
        return f"{scheme}://127.0.0.1:{self.port}/v1/rooms/{self.room}/live{self.query(more)}"

    def take(self, event):
        with self.news:
            if event.get("ev") == "welcome":
                self.welcome = event
                self.epoch, self.seq = event["epoch"], event["seq"]
            if event.get("ev") in ("welcome", "resumed"):
                self.attached += 1
            elif "ev" in event and "seq" in event:
                self.seq = event["seq"]
                if event["ev"] == "chat_message":
                    self.texts.append(event["text"])
                    self.delays.append(time.time() * 1000 - event["ts"])
            self.resume = event.get("resume", self.resume)
            self.news.notify_all()

    def wait(self, condition, seconds=20):
        with self.news:
            return self.news.wait_for(condition, seconds)

    def end(self):
        self.is_over = True


class SocketVisitor(Visitor):
    socket = None

    def visit(self):
        with connect(
            self.address("wss"),
            ssl=self.tls,
            subprotocols=["live.v1", f"bearer.{self.token}"],
            origin=f"https://127.0.0.1:{self.port}",
            ping_interval=None,
            max_size=None,
            proxy=None,
        ) as self.socket:
            for message in self.socket:
                self.take(json.loads(message))
                if self.is_over:
                    return

    def end(self):
        super().end()
        self.socket.close()


class StreamVisitor(Visitor):
    def visit(self):
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(verify=self.tls, timeout=httpx.Timeout(30), trust_env=False) as client:
            with httpx_sse.connect_sse(client, "GET", self.address("https"), headers=headers) as source:
                source.response.raise_for_status()
                for event in source.iter_sse():
                    if event.data:
                        self.take(json.loads(event.data))
                    if self.is_over:
                        return


class PollVisitor(Visitor):
    answers = 0

    def visit(self):
        with requests.Session() as session:
            session.trust_env = False
            while not self.is_over:
                headers = {"Authorization": f"Bearer {self.token}"}
                answer = session.get(
                    self.address("https", "&wait=3"), headers=headers, verify=str(self.certificate), timeout=30
                )
                answer.raise_for_status()
                body = answer.json()
                for event in body["events"]:
                    self.take(event)
                with self.news:
                    self.answers += 1
                    self.epoch, seq = body["cursor"].split(".")
                    self.seq, self.resume = int(seq), body["resume"]
