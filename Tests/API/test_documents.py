"""The documents are valid, say the same where both speak, name exactly the routes, ops and events of the sources, and
are what the server serves.
"""

import json
import re

import jsonschema
import openapi_spec_validator
import pytest

import documents
from documents import ASYNCAPI, OPENAPI, ROOT

SERVER = ROOT / "Sources" / "LiveServer" / "Server"


def sources():
    return "\n".join(path.read_text() for path in sorted(SERVER.rglob("*.swift")))


def references(part):
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_a_name_that_stands_twice_is_refused():
    with pytest.raises(ValueError, match="stands twice"):
        documents.loaded('{"a": {"b": 1, "b": 2}}')


def test_the_openapi_document_is_valid():
    openapi_spec_validator.validate(OPENAPI)


def test_references_and_schemas_of_both_hold():
    for document in (OPENAPI, ASYNCAPI):
        for reference in references(document):
            place = document
            for part in reference.removeprefix("#/").split("/"):
                place = place[part.replace("~1", "/").replace("~0", "~")]
        for name, schema in document["components"]["schemas"].items():
            jsonschema.Draft202012Validator.check_schema(schema)
        used = set(references(document))
        for name in document["components"]["schemas"]:
            assert f"#/components/schemas/{name}" in used, f"{name} is used nowhere"


def test_the_asyncapi_document_has_the_form_of_version_3():
    assert ASYNCAPI["asyncapi"].startswith("3.")
    channel = ASYNCAPI["channels"]["room"]
    assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])
    assert set(channel["messages"]) == set(ASYNCAPI["components"]["messages"])
    for name, operation in ASYNCAPI["operations"].items():
        assert operation["action"] in ("send", "receive")
        for message in operation["messages"] + operation.get("reply", {}).get("messages", []):
            assert message["$ref"].startswith("#/channels/room/messages/"), name
    sent = {message["$ref"].rsplit("/", 1)[1] for message in ASYNCAPI["operations"]["events"]["messages"]}
    assert sent == {f"event.{name}" for name in documents.names("event")}
    assert documents.names("command") == documents.names("reply") == set(ASYNCAPI["operations"]) - {"events"}


def test_both_documents_say_the_same_of_what_both_name():
    ours, theirs = OPENAPI["components"]["schemas"], ASYNCAPI["components"]["schemas"]
    both = set(ours) & set(theirs)
    assert len(both) > 50
    assert [name for name in sorted(both) if ours[name] != theirs[name]] == []


def test_every_route_of_the_router_is_described_and_every_path_has_one():
    router = (SERVER / "Routes" / "Route.swift").read_text()
    cases = set(re.findall(r"^    case (\w+)", router[:router.index("var methods")], re.M)) - {"nothing"}
    assert {item["x-route"] for item in OPENAPI["paths"].values()} == cases


def test_every_op_of_the_decoder_is_described_and_every_command_decoded():
    decoder = (SERVER / "Wire" / "CommandDecoder.swift").read_text()
    assert set(re.findall(r'\bop\.isString\("(\w+)"\)', decoder)) == documents.names("command")
    listed = OPENAPI["components"]["schemas"]["Command"]["discriminator"]["mapping"]
    assert set(listed) == documents.names("command")


def test_every_event_that_the_sources_write_is_described_and_the_other_way_round():
    text = sources()
    written = set(re.findall(r'field\("ev", (?:static: )?"(\w+)"\)', text))
    encoder = (SERVER / "Wire" / "EventEncoder.swift").read_text()
    table = encoder[encoder.index("static func name(of event: Event)"):]
    written |= set(re.findall(r'case \.\w+: "(\w+)"', table))
    assert written == documents.names("event")


def test_every_error_code_is_described():
    rejection = (ROOT / "Sources" / "Rooms" / "Domain" / "Rejection.swift").read_text()
    codes = set(re.findall(r'case \.\w+: "(\w+)"', rejection))
    assert codes == set(OPENAPI["components"]["schemas"]["ErrorCode"]["enum"])


def test_the_server_serves_these_documents(node):
    for path, document in (("/v1/openapi.json", OPENAPI), ("/v1/asyncapi.json", ASYNCAPI)):
        answer = node.ask("GET", path)
        assert answer.status == 200 and answer.type == "application/json"
        assert json.loads(answer.body) == document
        again = node.ask("GET", path, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status == 304 and not again.body


def test_the_judge_notices_what_no_document_names():
    good = {"ev": "room_ended", "seq": 3, "ts": 5, "by": "ms-k"}
    assert not documents.message_faults("event", "room_ended", good)
    for change in ({"more": 1}, {"seq": "3"}, {"by": ""}, {"ev": "room_locked"}):
        assert documents.message_faults("event", "room_ended", {**good, **change}), change
    assert documents.message_faults("event", "room_ended", {"ev": "room_ended"})
    assert documents.message_faults("event", "unheard_of", good)
