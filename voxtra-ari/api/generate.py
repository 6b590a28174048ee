#!/usr/bin/env python3
"""Writes src/generated/ from Asterisk's own description of ARI, which stands beside this file.

    generate.py            write
    generate.py --check    compare with what is there; fails when they differ

A newer description is had from a running Asterisk: README.md.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import description
import write

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "src" / "generated"


def newest() -> Path:
    versions = [p for p in HERE.iterdir() if (p / "resources.json").exists()]
    return max(versions, key=lambda p: [int(n) for n in p.name.split(".")])


def formatted(files: dict[str, str]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as scratch:
        paths = [Path(scratch) / name for name in files]
        for path, text in zip(paths, files.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        subprocess.run(["rustfmt", "--edition", "2024", Path(scratch) / "mod.rs"], check=True)
        return {name: path.read_text() for name, path in zip(files, paths)}


def main() -> int:
    files = formatted(write.Writer(description.read(newest())).files())
    there = {str(p.relative_to(TARGET)): p for p in TARGET.rglob("*.rs")}
    differing = sorted(
        name for name in files.keys() | there.keys()
        if name not in files or name not in there or there[name].read_text() != files[name]
    )
    if sys.argv[1:] == ["--check"]:
        for name in differing:
            print(f"src/generated/{name} is not what api/generate.py writes", file=sys.stderr)
        return 1 if differing else 0
    for name in differing:
        path = TARGET / name
        if name not in files:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name])
    print(f"{len(files)} files, {len(differing)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
