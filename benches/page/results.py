"""The measurements: one JSON file each below target/bench-results, so that they can be made in several sittings."""

import json
from pathlib import Path

from server_load import dig, median

from page.peers import Peer


class Results:
    def __init__(self, folder: Path):
        self.folder = folder

    def keep(self, kind: str, name: str, result: dict):
        path = self.folder / kind / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all.
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(result, indent=1) + "\n")
        partial.replace(path)

    def of(self, kind: str) -> list[dict]:
        return [json.loads(path.read_text()) for path in sorted((self.folder / kind).glob("*.json"))]

    def forget(self, kind: str, name: str):
        for path in (self.folder / kind).glob(f"{name}.*json"):
            path.unlink()

    def load(self, name: str, calls: int | None = None) -> "Load":
        """What a server did under load, in all rounds."""
        runs = [run for run in self.of("load") if run["server"] == name and calls in (None, run["calls"])]
        return Load(runs)

    def counts(self, peers: list[Peer]) -> list[int]:
        names = {peer.name for peer in peers}
        return sorted({run["calls"] for run in self.of("load") if run["server"] in names})


class Load:
    """The rounds of one server with so many calls."""

    def __init__(self, runs: list[dict]):
        self.runs = runs

    def __bool__(self):
        return bool(self.runs)

    def median(self, path: str) -> float | None:
        return median(self.runs, path)

    def sum(self, path: str) -> float:
        return sum(dig(run["report"], path) or 0 for run in self.runs)

    def share(self, path: str) -> float | None:
        """Of the frames sent."""
        sent = self.sum("frames_sent")
        return self.sum(path) / sent if sent else None

    @property
    def echoes(self) -> bool:
        return any(dig(run["report"], "echoes") for run in self.runs)

    @property
    def ended_calls(self) -> int:
        return sum((dig(run["report"], "calls") or run["calls"]) - (dig(run["report"], "calls_up_at_end") or 0) for run in self.runs)

    @property
    def is_generator_late(self) -> bool:
        """Whether the generator had trouble of its own: then the turn-around says little, as frames came in fits and starts."""
        return (self.median("own_lateness_us.p99") or 0) > 5_000

    @property
    def is_overwhelmed(self) -> bool:
        """One frame in twenty did not come back within two frames' time, or calls were ended: more calls would show nothing new.

        Two and not one, because an echo through paced playback may wait for a whole frame and be in good health.
        """
        if not self.runs:
            return False
        return not self.echoes or self.ended_calls > 0 or self.sum("lost") + self._slow() > 0.05 * self.sum("frames_sent")

    def _slow(self) -> int:
        """Frames that took more than 40 ms; without a histogram, more than 20."""
        if all(dig(run["report"], "turn_around_histogram") is None for run in self.runs):
            return self.sum("late")
        return sum(
            count for run in self.runs for upper_us, count in dig(run["report"], "turn_around_histogram") or [] if upper_us > 40_000
        )
