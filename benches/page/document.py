"""The page: prose is written by hand, and what stands between two markers is made from the results."""

from pathlib import Path
from typing import Callable

from page import plots, tables
from page.results import Results

PAGE = "docs/benchmarks.md"
BLOCKS: dict[str, Callable[[Results], str | None]] = {
    "machine": tables.machine,
    "core": tables.written("core"),
    "server": tables.server,
    "spacing": tables.spacing,
    "isolation": tables.isolation,
    "peers": tables.peers,
    "load": tables.load,
    "torture": tables.torture,
    "memory": tables.memory,
}
PLOTS: dict[str, Callable[[Results], str | None]] = {
    "peers": plots.peers,
    "isolation": plots.isolation,
}


def write(root: Path, results: Results, say: Callable[[str], None]):
    """Writes the blocks of which there are results; the others stay as they are."""
    path = root / PAGE
    text = path.read_text()
    for name, block in BLOCKS.items():
        made = block(results)
        if made is None:
            say(f"{PAGE}: nothing measured for '{name}': left as it is")
            continue
        text = between(text, name, made)
    for name, draw in PLOTS.items():
        made = draw(results)
        if made is not None:
            (path.parent / "plots").mkdir(exist_ok=True)
            (path.parent / "plots" / f"{name}.svg").write_text(made)
    path.write_text(text)
    say(f"{PAGE}: written")


def between(text: str, name: str, made: str) -> str:
    """The text with a new block of that name."""
    begin, end = f"<!-- begin {name}: made by benches/compare.py -->", f"<!-- end {name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"{PAGE} lacks {begin!r} … {end!r}")
    return f"{before}{begin}\n{made}\n{end}{after}"
