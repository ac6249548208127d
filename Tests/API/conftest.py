import pytest

from node import Node


@pytest.fixture(scope="session")
def node():
    """A node for all tests that change nothing of it. A guess costs nothing here: rates are another test's subject."""
    one = Node(arguments=["--enable-echo"])
    yield one
    one.end()
