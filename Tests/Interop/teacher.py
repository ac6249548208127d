"""The other side of the class: a teacher who works by plain POSTs, so that only the library under test is new."""

import http.client
import json
import time

from bridge import Unmet


class Teacher:
    def __init__(self, port, room, token, source="127.0.0.1"):
        self.source = (source, 0)
        self.port = port
        self.room = room
        self.token = token
        self.sent = 0

    def command(self, op, token=None, **members):
        """Sends one command and returns the reply; refusals are failures of the run."""
        self.sent += 1
        body = {"op": op, "id": f"t{self.sent}-{time.time_ns()}", **members}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=self.source)
        try:
            connection.request(
                "POST",
                f"/v1/rooms/{self.room}/commands",
                json.dumps(body),
                {"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"},
            )
            reply = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if not reply.get("ok"):
            raise Unmet(f"{op} was refused: {reply}")
        return reply

    def say(self, *texts):
        """Chat messages; their seqs."""
        return [self.command("chat_send", text=text)["seq"] for text in texts]

    def present(self):
        """Ids of the people in the room."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=self.source)
        try:
            connection.request(
                "GET", f"/v1/rooms/{self.room}/participants", headers={"Authorization": f"Bearer {self.token}"}
            )
            return {person["participant"] for person in json.loads(connection.getresponse().read())["participants"]}
        finally:
            connection.close()

    def wait_gone(self, participant, seconds=10):
        deadline = time.monotonic() + seconds
        while participant in self.present():
            if time.monotonic() > deadline:
                raise Unmet(f"{participant} is still in the room")
            time.sleep(0.1)
