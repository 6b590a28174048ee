"""Asterisk's description of ARI (`/ari/api-docs/*.json`), read into what the writer needs.

An unknown shape is an error: nothing of the description is left out silently.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Parameter:
    name: str
    place: str  # path, query or body
    kind: str  # string, int, long, boolean, containers, object
    required: bool
    multiple: bool
    words: list[str]
    text: str


@dataclass
class Operation:
    resource: str
    method: str
    path: str
    nickname: str
    answer: str
    summary: str
    notes: str
    since: list[str]
    errors: list[tuple[int, str]]
    parameters: list[Parameter]

    def of(self, place: str) -> list[Parameter]:
        return [p for p in self.parameters if p.place == place]


@dataclass
class Property:
    name: str
    kind: str
    required: bool
    words: list[str]
    text: str


@dataclass
class Model:
    resource: str
    name: str
    text: str
    subtypes: list[str]
    properties: list[Property] = field(default_factory=list)


@dataclass
class Description:
    version: str
    operations: list[Operation]
    models: dict[str, Model]

    def events(self) -> list[Model]:
        """The messages of the event websocket, in the order of their names."""
        names = [*self.models["Event"].subtypes, "MissingParams"]
        return [self.models[name] for name in sorted(names)]


def _words(values: dict | None) -> list[str]:
    if values is None or values["valueType"] == "RANGE":
        return []
    if values["valueType"] != "LIST":
        raise ValueError(f"unknown allowableValues: {values}")
    return values["values"]


def _parameter(raw: dict) -> Parameter:
    if raw["paramType"] not in ("path", "query", "body"):
        raise ValueError(f"unknown paramType: {raw}")
    return Parameter(
        name=raw["name"],
        place=raw["paramType"],
        kind=raw["dataType"],
        required=raw.get("required", False) or raw["paramType"] == "path",
        multiple=raw.get("allowMultiple", False),
        words=_words(raw.get("allowableValues")),
        text=raw.get("description", ""),
    )


def _operation(resource: str, path: str, raw: dict) -> Operation:
    return Operation(
        resource=resource,
        method=raw["httpMethod"],
        path=path,
        nickname=raw["nickname"],
        answer=raw["responseClass"],
        summary=raw["summary"],
        notes=raw.get("notes", ""),
        since=raw.get("since", []),
        errors=[(e["code"], e["reason"]) for e in raw.get("errorResponses", [])],
        parameters=[_parameter(p) for p in raw.get("parameters", [])],
    )


def _model(resource: str, name: str, raw: dict) -> Model:
    model = Model(resource, name, raw.get("description", ""), raw.get("subTypes", []))
    for key, value in raw["properties"].items():
        model.properties.append(
            Property(
                name=key,
                kind=value["type"],
                required=value.get("required", False),
                words=_words(value.get("allowableValues")),
                text=value.get("description", ""),
            )
        )
    return model


def read(folder: Path) -> Description:
    """Reads the folder of one version: `resources.json`, and a file for each resource it lists."""
    operations, models = [], {}
    for entry in json.loads((folder / "resources.json").read_text())["apis"]:
        resource = entry["path"].removeprefix("/api-docs/").removesuffix(".{format}")
        raw = json.loads((folder / f"{resource}.json").read_text())
        for api in raw["apis"]:
            operations += [_operation(resource, api["path"], o) for o in api["operations"]]
        for name, model in raw["models"].items():
            if name in models:
                raise ValueError(f"two models are called {name}")
            models[name] = _model(resource, name, model)
    return Description(folder.name, operations, models)
