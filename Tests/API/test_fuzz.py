"""Requests made up from the OpenAPI document, right and wrong ones, by Schemathesis: none is answered with a 5xx, and
each answer is one that the document names. The document's own schemas judge; a failure prints how to repeat it.
"""

import os

import hypothesis
import pytest
import schemathesis
from schemathesis.specs.openapi import checks as openapi

from documents import OPENAPI
from node import Node

EXAMPLES = int(os.environ.get("API_FUZZ_EXAMPLES", "40"))
CHECKS = (schemathesis.checks.not_a_server_error, openapi.status_code_conformance, openapi.content_type_conformance,
          openapi.response_headers_conformance, openapi.response_schema_conformance)

schema = schemathesis.openapi.from_dict(OPENAPI)


@pytest.fixture(scope="module")
def busy():
    """Rates raised: what is judged is the answer to each request, not to their number."""
    own = Node("limits.student_rate=100000", "limits.student_burst=100000", "limits.moderator_rate=100000",
               "limits.moderator_burst=100000", arguments=["--enable-echo"])
    own.tokens = [own.token("ms-k", "instructor", "*/*/*"), own.token("ada", "student", "*/*/*"),
                  own.token("ben", "observer")]
    yield own
    assert own.process.poll() is None, "the server lives"
    own.end()


@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(hypothesis.HealthCheck), print_blob=True)
def test_no_request_breaks_the_server_or_the_document(case, busy):
    if case.path.endswith("/live"):
        # A wait is a promise that the integration tests measure.
        case.query = {**(case.query or {}), "wait": "0"}
    if case.operation.definition.raw.get("security"):
        turn = sum(case.formatted_path.encode()) % 4
        if turn < 3:
            case.headers["Authorization"] = f"Bearer {busy.tokens[turn]}"
    answer = case.call(base_url=f"http://127.0.0.1:{busy.port}", timeout=60)
    case.validate_response(answer, checks=CHECKS)
