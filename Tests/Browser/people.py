"""What teachers and students do in their browsers, in the words of the page (English texts of the catalogue).

A person owns one page. Nothing here looks behind the page, except `Person.log`, which reads the rows of the chat.
"""

import json
import re
import secrets
import time
import urllib.request

from playwright.sync_api import expect

ENTER_MS = 20_000


class Person:
    def __init__(self, page):
        self.page = page

    def panel(self, name):
        """Brings a panel to the front where the screen shows one at a time."""
        tab = self.page.locator(f".tabbar [aria-controls=panel-{name}]")
        if tab.is_visible():
            tab.click()

    def says(self, text):
        self.panel("chat")
        box = self.page.get_by_label("Write a message")
        box.fill(text)
        box.press("Enter")

    def log(self):
        """The chat as shown: (id, text) of each row that the log has confirmed."""
        rows = self.page.locator(".message").evaluate_all("""rows => rows.map(row =>
            [row.dataset.id, row.querySelector('.message-text').textContent, row.dataset.state ?? ''])""")
        return [(identity, text) for identity, text, state in rows if state == ""]

    def awaits_log(self, texts, seconds=40):
        """Waits until exactly these texts are shown, each once and in this order."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            shown = self.log()
            if [text for _, text in shown] == texts and not self.page.locator(".message[data-state]").count():
                break
            self.page.wait_for_timeout(50)
        shown = self.log()
        assert [text for _, text in shown] == texts, f"shown: {shown}"
        assert not self.page.locator(".message[data-state]").count(), "a message is still on its way"
        numbers = [int(re.sub(r"\D", "", identity)) for identity, _ in shown]
        assert numbers == sorted(set(numbers)), f"not in the order of the log: {shown}"

    def awaits_connection(self, tone="good", seconds=60):
        expect(self.page.locator(".connection")).to_have_attribute("data-tone", tone, timeout=seconds * 1000)

    def transport(self):
        return self.page.locator(".connection").get_attribute("data-transport")


class Teacher(Person):
    @classmethod
    def starts(cls, page, name="Biology 7b"):
        page.get_by_label("Name of the class").fill(name)
        page.get_by_role("button", name="Start class").click()
        teacher = cls(page)
        teacher.is_in()
        return teacher

    def is_in(self):
        self.page.locator(".panels:not([hidden])").wait_for(timeout=ENTER_MS)
        self.awaits_connection()

    def code(self):
        return re.sub(r"\W", "", self.page.locator(".code-chip .code").inner_text())

    def asks_yes_or_no(self, question):
        self.panel("now")
        self.page.get_by_label("Your question").fill(question)
        self.page.get_by_role("button", name="Yes / No").click()
        expect(self.poll(question)).to_be_visible()

    def poll(self, question):
        return self.page.locator(".poll", has_text=question)

    def sees_answers(self, question, count, seconds=20):
        self.panel("now")
        words = "1 answer" if count == 1 else f"{count} answers"
        expect(self.poll(question).locator(".poll-foot")).to_contain_text(words, timeout=seconds * 1000)

    def closes(self, question):
        self.panel("now")
        self.poll(question).get_by_role("button", name="Close and show result").click()
        expect(self.poll(question).locator(".chip")).to_have_text("Closed")

    def figures(self, question):
        return self.poll(question).locator(".bar-count").all_inner_texts()


class Student(Person):
    @classmethod
    def joins(cls, page, name):
        page.get_by_label("Your name").fill(name)
        page.get_by_role("button", name="Join").click()
        student = cls(page)
        student.is_in()
        return student

    def is_in(self):
        self.page.locator(".panels:not([hidden])").wait_for(timeout=ENTER_MS)
        self.awaits_connection()

    def poll(self, question):
        return self.page.locator(".poll", has_text=question)

    def answers(self, question, option):
        self.panel("now")
        self.poll(question).locator(".option", has_text=option).click()

    def awaits_receipt(self, question, seconds=40):
        self.panel("now")
        expect(self.poll(question).locator(".receipt")).to_have_attribute(
            "data-durable", "stored", timeout=seconds * 1000)

    def awaits_figures(self, question, figures, seconds=30):
        self.panel("now")
        expect(self.poll(question).locator(".bar-count")).to_have_text(figures, timeout=seconds * 1000)

    def asks(self, text):
        self.panel("questions")
        self.page.get_by_label("Ask a question").fill(text)
        self.page.get_by_role("button", name="Send question").click()
        expect(self.page.locator(".question", has_text=text)).to_be_visible()

    def supports(self, text):
        self.panel("questions")
        row = self.page.locator(".question", has_text=text)
        row.locator(".upvote").click()
        expect(row.locator(".upvote")).to_have_attribute("aria-pressed", "true")


class Crowd:
    """Many students without a browser: each holds an event stream open. `close()` lets them all go."""

    def __init__(self, url, code):
        self.url = url
        self.code = code
        self.streams = []

    def joins(self, name):
        seat = self._ask("/v1/join", {"code": self.code, "name": name, "device": secrets.token_hex(16)})
        request = urllib.request.Request(
            f"{self.url}/v1/rooms/{seat['room']}/live",
            headers={"Accept": "text/event-stream", "Authorization": f"Bearer {seat['token']}"})
        self.streams.append(urllib.request.urlopen(request, timeout=20))

    def _ask(self, path, body):
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def close(self):
        for stream in self.streams:
            stream.close()
