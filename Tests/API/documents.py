"""Owns the two API documents as the tests use them: loaded, their schemas closed and ready to judge.

The documents let clients ignore members they do not know. What the server itself sends is judged more strictly: a
member that no document names is a fault, so the schemas are closed here (`additionalProperties: false`).
"""

import functools
import json
import pathlib

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _once(pairs):
    """A member that stands twice would silently hide the first."""
    twice = {name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1}
    if twice:
        raise ValueError(f"stands twice in an API document: {', '.join(sorted(twice))}")
    return dict(pairs)


def loaded(text):
    return json.loads(text, object_pairs_hook=_once)


OPENAPI = loaded((ROOT / "Docs" / "api" / "openapi.json").read_text())
ASYNCAPI = loaded((ROOT / "Docs" / "api" / "asyncapi.json").read_text())
METHODS = ("get", "post", "put", "delete")


def closed(schema):
    """A copy in which every object with named members takes no others."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {name: closed(part) for name, part in schema.items()}
    if copy.get("type") == "object" and "properties" in copy and "additionalProperties" not in copy:
        copy["additionalProperties"] = False
    return copy


@functools.cache
def _closed_components(name):
    document = OPENAPI if name == "openapi" else ASYNCAPI
    return closed(document["components"]["schemas"])


def validator(schema, document="openapi"):
    """Judges values by a schema of a document."""
    whole = {"components": {"schemas": _closed_components(document)}, **closed(schema)}
    return jsonschema.Draft202012Validator(whole)


def faults(value, schema, document="openapi"):
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
            for e in validator(schema, document).iter_errors(value)]


@functools.cache
def message_validator(kind, name):
    """For a message of the AsyncAPI document: `event`, `command` or `reply` and its name, or `refusal`."""
    key = f"{kind}.{name}" if name else kind
    message = ASYNCAPI["components"]["messages"].get(key)
    return validator(message["payload"], "asyncapi") if message else None


def message_faults(kind, name, value):
    judge = message_validator(kind, name)
    if judge is None:
        return [f"{kind} {name} stands in no document"]
    return [f"{kind} {name} /{'/'.join(map(str, e.absolute_path))}: {e.message[:300]} in {json.dumps(value)[:300]}"
            for e in judge.iter_errors(value)]


def names(kind):
    """The names of the documented events, commands or replies."""
    return {key.split(".", 1)[1] for key in ASYNCAPI["components"]["messages"] if key.startswith(f"{kind}.")}


def operations():
    """(path, method, operation) of everything in the OpenAPI document."""
    for path, item in OPENAPI["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]
