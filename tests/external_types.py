#!/usr/bin/env python3
"""Which types and traits of other crates stand in the public interface of a package.

A version of another crate that breaks its own interface breaks ours where its types stand in it.
Each of them is therefore written down in `external_types.txt`; one that is not is an error, and so
is one that no longer stands anywhere.

    external_types.py PACKAGE RUSTDOC.json     judges what rustdoc wrote; external_types.sh has it do so
"""

import json
import pathlib
import sys

# What changes with the compiler alone, and what is ours.
LIST = "tests/external_types.txt"
OURS = {"alloc", "core", "std"}


def names(value):
    """The ids of everything that a signature names."""
    if isinstance(value, dict):
        # `resolved_path`, a bound, an implemented trait: each has a path and an id.
        if "path" in value and "id" in value:
            yield value["id"]
        for inner in value.values():
            yield from names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner)


def is_blanket(item):
    """Implementations for all types, which come from wherever the trait is."""
    implementation = item["inner"].get("impl")
    return implementation is not None and implementation["blanket_impl"] is not None


def external(crate):
    """Path of each external type or trait -> where it stands for the first time."""
    found = {}
    for item in crate["index"].values():
        if item["crate_id"] != 0 or is_blanket(item):
            continue
        # A re-export names what it re-exports.
        use = item["inner"].get("use")
        ids = [use["id"]] if use else names(item["inner"])
        for id in ids:
            summary = crate["paths"].get(str(id))
            if summary is None or summary["crate_id"] == 0:
                continue
            name = crate["external_crates"][str(summary["crate_id"])]["name"]
            if name not in OURS and not name.startswith("voxtra"):
                span = item["span"] or {"filename": "?", "begin": ["?"]}
                place = f"{span['filename']}:{span['begin'][0]}"
                found.setdefault("::".join(summary["path"]), place)
    return found


def main():
    package, file = sys.argv[1:]
    listed = set()
    for line in pathlib.Path(__file__).with_suffix(".txt").read_text().splitlines():
        words = line.partition("#")[0].split()
        if words and words[0] == package:
            listed.add(words[1])
    found = external(json.loads(pathlib.Path(file).read_text()))
    for path, place in sorted(found.items()):
        if path not in listed:
            print(f"{package}: `{path}` is in the public interface ({place}), not in {LIST}")
    for path in sorted(listed - found.keys()):
        print(f"{package}: `{path}` is in {LIST}, no longer in the public interface")
    return 1 if listed != found.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
