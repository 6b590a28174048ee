"""The plots of the page. Every function returns an SVG file, or `None` while nothing was measured for it."""

from page import tables
from page.peers import PEERS
from page.plot import Panel, Series, draw
from page.results import Results

# Of middling lightness, so that they stand out on white and on black; the two ways to use one
# server differ in the dashes.
COLOURS = {
    "voxtra": "#e5533d",
    "bare-echo": "#7d8590",
    "audiosocket": "#c58a10",
    "asterisk-audiosocket": "#2f9e6b",
    "asterisk-ai-voice-agent": "#3f83e8",
    "python-voxtra": "#a667d8",
}


def peers(results: Results) -> str | None:
    """CPU per frame and turn-around over the number of calls."""
    counts = results.counts(PEERS)
    if len(counts) < 2:
        return None
    cpu, p99 = [], []
    for peer in PEERS:
        loads = [(calls, results.load(peer.name, calls)) for calls in counts]
        loads = [(calls, load) for calls, load in loads if load and load.echoes]

        def series(path: str, scale: float) -> Series:
            points = [
                (calls, value / scale)
                for calls, load in loads
                if (value := load.median(path)) is not None and not ("turn_around" in path and load.is_generator_late)
            ]
            label = tables.whole_label(peer).replace("`", "").replace("*", "")
            return Series(label, points, COLOURS[peer.launcher.parent.name], ours=peer.name == "voxtra", dashed=peer.mode != "direct")

        cpu.append(series("server.cpu_us_per_frame", 1))
        p99.append(series("turn_around_us.p99", 1000))
    panels = [
        Panel("CPU per frame, µs", "calls", cpu),
        Panel("turn-around p99, ms", "calls", p99, log_y=True, limits=[(20, "one frame")]),
    ]
    return draw(panels, legend=cpu, alt="CPU time per frame and turn-around p99 of each server, over the number of calls")


def isolation(results: Results) -> str | None:
    """Drawn by benches/isolation itself."""
    path = results.folder / "isolation/isolation.svg"
    return path.read_text() if path.exists() else None
