"""The page: prose is written by hand, and what stands between two markers is made from the results."""

from pathlib import Path
from typing import Callable

from page import evaluation, plots, tables
from page.results import Results

PAGE = "docs/benchmarks.md"
README = "README.md"
BLOCKS: dict[str, Callable[[Results], str | None]] = {
    "machine": tables.machine,
    "server": tables.server,
    "spacing": tables.spacing,
    "evaluation": evaluation.tables,
    "isolation": tables.isolation,
    "peers": tables.peers,
    "load": tables.load,
    "torture": tables.torture,
    "memory": tables.memory,
    "conversation": tables.conversation,
    "conversation-steps": tables.conversation_steps,
    "webhooks": tables.webhooks,
}
PLOTS: dict[str, Callable[[Results], str | None]] = {
    "peers": plots.peers,
    "isolation": plots.isolation,
}


def write(root: Path, results: Results, say: Callable[[str], None]):
    """Writes the blocks of which there are results; the others stay as they are."""
    for page, blocks in ((PAGE, BLOCKS), (README, {"benchmarks": tables.summary})):
        text = (root / page).read_text()
        for name, block in blocks.items():
            made = block(results)
            if made is None:
                say(f"{page}: nothing measured for '{name}': left as it is")
                continue
            text = between(text, name, made)
        (root / page).write_text(text)
        say(f"{page}: written")
    for name, draw in PLOTS.items():
        made = draw(results)
        if made is not None:
            path = root / "docs/plots" / f"{name}.svg"
            path.parent.mkdir(exist_ok=True)
            path.write_text(made)


def between(text: str, name: str, made: str) -> str:
    """The text with a new block of that name."""
    begin, end = f"<!-- begin {name}: made by benches/compare.py -->", f"<!-- end {name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"a page lacks {begin!r} … {end!r}")
    return f"{before}{begin}\n{made}\n{end}{after}"
