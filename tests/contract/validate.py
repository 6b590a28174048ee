#!/usr/bin/env python3
"""Validates the documents of `voxtra events`, and what webhooks were told against them: validate.py DOCUMENTS KEPT

DOCUMENTS holds *.schema.json. KEPT holds what the Asterisk suite kept, a file for each application: its schema, its AsyncAPI document
and what was posted; and *.jsonl of the demo. Each event must be as its schema says, and no more so once it is changed.
"""

import copy
import json
import sys
from collections import Counter
from pathlib import Path

from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

# Of a call; of an outbound one, of language models and of what goes wrong there is less in the
# suite.
AT_LEAST = {"call.started", "call.answered", "call.ended", "media.started", "media.stopped", "user.speech.started", "user.speech.ended",
            "agent.speech.started", "agent.speech.ended", "dtmf.received", "barge_in", "session.created", "session.destroyed"}


def main():
    documents, kept = map(Path, sys.argv[1:])
    schemas = {}
    for file in sorted(documents.glob("*.schema.json")):
        schema = json.loads(file.read_text())
        Draft202012Validator.check_schema(schema)
        schemas[file.name] = schema
        print(f"{file}: JSON Schema, {len(schema['oneOf'])} events")
    built_in = schemas["built-in.schema.json"]
    agent_has_defaults(schemas["agent.schema.json"])

    seen, refused = Counter(), 0
    for file in sorted(kept.glob("*.json")):
        application = json.loads(file.read_text())
        schema, asyncapi = application["schema"], application["asyncapi"]
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        for posted in application["posted"]:
            event = json.loads(posted["body"])
            refused += judge(event, validator, file)
            judge_headers(posted["headers"], event["type"], asyncapi, file)
            seen[event["type"]] += 1
    # The demo's agent has events of its own, which the built-in schema doesn't know.
    validator = Draft202012Validator(built_in, format_checker=FormatChecker())
    for file in sorted(kept.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            event = json.loads(line)
            if event["type"] in built_in["$defs"]:
                refused += judge(event, validator, file)
                seen[event["type"]] += 1
    missing = AT_LEAST - seen.keys()
    if missing:
        fail(f"no webhook was told of {', '.join(sorted(missing))}: run `tests/run.sh asterisk demo contract`")
    if refused < 2 * seen.total():
        fail("the schema refuses hardly anything")
    print(f"{seen.total()} events of {len(seen)} kinds are as the schemas say; {refused} changed ones are not")


def judge(event, validator, file):
    """The event is right, and wrong in each of these ways."""
    for error in validator.iter_errors(event):
        fail(f"{file}: {event}: {error.message}")
    refused = 0
    for changed in changes(event):
        if validator.is_valid(changed):
            fail(f"{file}: the schema takes {changed}")
        refused += 1
    return refused


def changes(event):
    yield {**event, "type": event["type"] + "x"}
    yield {**event, "id": event["id"].upper() + "-"}
    yield {**event, "timestamp": event["timestamp"].replace("T", " ")}
    yield {**event, "data": None}
    for field in ("id", "session_id", "timestamp", "data"):
        yield {name: value for name, value in event.items() if name != field}
    for field, value in event["data"].items():
        changed = copy.deepcopy(event)
        changed["data"][field] = {"not": value}
        yield changed


def judge_headers(headers, wire, asyncapi, file):
    message = asyncapi["components"]["messages"][wire]["headers"]
    known = asyncapi["components"]["schemas"]["Headers"]["properties"]
    sent = {name: headers[name.lower()] for name in known if name.lower() in headers}
    validator = Draft7Validator({**message, "components": asyncapi["components"]})
    for error in validator.iter_errors(sent):
        fail(f"{file}: headers {sent}: {error.message}")
    if validator.is_valid({**sent, "X-Voxtra-Event": "other"}):
        fail(f"{file}: the headers of `{wire}` are said to fit any event")


def agent_has_defaults(schema):
    """An agent's own events, as examples declare them."""
    validator = Draft202012Validator(schema)
    event = {"id": "0" * 32, "session_id": "1", "timestamp": "2026-05-04T08:31:21.512Z", "type": "order.placed"}
    if not validator.is_valid({**event, "data": {"items": 1}}):
        fail("a field with a default is said to be required")
    for wrong in ({}, {"items": -1}, {"items": 256}, {"items": 1, "priority": "lowest"}, {"items": 1, "note": "longer than eight"},
                  {"items": 1, "wait": -1}, {"items": 1, "tags": [1]}, {"items": 1, "letter": "ab"}):
        if validator.is_valid({**event, "data": wrong}):
            fail(f"an order of {wrong} is said to be right")
    data = schema["$defs"]["order.placed"]["properties"]["data"]["properties"]
    if (data["wait"]["default"], data["priority"]["default"]) != (1500, "normal"):
        fail(f"defaults are not as declared: {data}")


def fail(message):
    raise SystemExit(f"validate.py: {message}")


if __name__ == "__main__":
    main()
