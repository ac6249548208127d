"""What the browser tests share: a real liveserver, a proxy that can be cut, browsers, and the steps people take.

The server under test is $LIVESERVER_BIN (default: the debug build of this repository). Nothing is mocked.
"""

import os
import pathlib
import sys
import types
import urllib.parse

import pytest
from playwright.sync_api import sync_playwright

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from cuttable_proxy import CuttableProxy  # noqa: E402
from live_server import LiveServer  # noqa: E402

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # Containers run as root and have a small /dev/shm.
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A node for all tests that leave it running; LIVESERVER_URL names one that runs already."""
    if running := os.environ.get("LIVESERVER_URL"):
        yield types.SimpleNamespace(url=running.rstrip("/"), port=urllib.parse.urlsplit(running).port)
        return
    node = LiveServer(tmp_path_factory.mktemp("node"))
    node.start()
    yield node
    node.stop()


@pytest.fixture()
def own_server(tmp_path):
    """A node of one test's own, which may be killed."""
    node = LiveServer(tmp_path / "data")
    node.start()
    yield node
    node.stop()


@pytest.fixture()
def proxy():
    """Makes proxies in front of a port: `proxy(port)`; all are gone after the test."""
    made = []

    def make(port):
        one = CuttableProxy(port)
        one.start()
        made.append(one)
        return one

    yield make
    for one in made:
        one.stop()


@pytest.fixture()
def open_page(browser):
    """Opens a page in a browser profile of its own; fails the test on any script error or blocked resource."""
    contexts = []
    troubles = []

    def open_one(url, width=1280, height=800, scheme="light", locale="en-GB", context=None):
        if context is None:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale)
            contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: troubles.append(f"{page.url}: {error}"))
        page.on("console", lambda message: troubles.append(f"{page.url}: {message.text}") if blocked(message) else None)
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not troubles, "\n".join(troubles)


def blocked(message):
    """Errors that mean a broken page; a lost connection is what some tests make."""
    return message.type == "error" and "Content Security Policy" in message.text


@pytest.fixture()
def unit_files():
    """Serves Tests/Browser/units to a page under its own origin, so that they import the served modules."""

    def serve(page):
        def fulfil(route):
            name = route.request.url.rsplit("/", 1)[1]
            route.fulfill(body=(HERE / "units" / name).read_text(), content_type="text/javascript")

        page.route("**/__units/*", fulfil)

    return serve
