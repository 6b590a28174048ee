"""The tables of the recorded callers, from what benches/evaluate left."""

import json

from page.results import Results
from page.tables import NOTHING, table

# How the page calls the groups of calls.
TURNS = {
    "sentences": "sentences",
    "pauses": "with pauses of 0.3 to 1.2 s inside",
    "short": "single words",
    "numbers": "numbers in groups",
    "noise": "over noise",
    "voices": "over other voices",
}


def tables(results: Results) -> str | None:
    path = results.folder / "evaluation/evaluation.json"
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    listeners = [(name, found["listeners"][name]) for name in found["order"]]
    return "\n\n".join([_ends(listeners), _times(listeners), _over_agent(listeners)])


def _ends(listeners) -> str:
    """Which turns were ended too early, and which never."""
    rows = []
    for name, groups in listeners:
        cells = [f"{groups[group]['false_ends']}, {groups[group]['missed']}" for group in TURNS]
        rows.append([name, *cells, str(groups["sounds"]["false_ends"])])
    first = listeners[0][1]
    head = ["turns ended too early, missed", *(f"{label}, of {first[group]['marks']}" for group, label in TURNS.items())]
    return table([*head, f"sounds taken for a turn, of {first['sounds']['marks']}"], rows)


def _times(listeners) -> str:
    rows = []
    for name, groups in listeners:
        told = [_ms(groups[group]["told_ms"]) for group in TURNS]
        rows.append([name, *told, _ms(groups["sentences"]["silence_ms"])])
    return table(["end of turn told after p50 / p95, ms", *TURNS.values(), "silence that is heard, sentences"], rows)


def _over_agent(listeners) -> str:
    rows = []
    for name, groups in listeners:
        alone = groups["alone"]
        an_hour = alone["barge_ins"] / alone["agent_hours"] if alone["agent_hours"] else 0
        rows.append(
            [
                name,
                *(_missed(groups[group]) for group in ("stop", "interruption", "noisy interruption")),
                _ms(groups["interruption"]["silent_ms"]),
                *(_cut(groups[group]) for group in ("backchannel", "sounds over")),
                f"{an_hour:.1f}",
                f"{alone['held']:.1%}".replace("%", " %"),
            ]
        )
    head = [
        "over the agent", "missed: single words that mean \"stop\"", "sentences", "sentences over noise", "agent silent after p50 / p95, ms",
        "cut by: a backchannel", "a sound", "noise and babble alone, an hour", "of that time held",
    ]
    return table(head, rows)


def _missed(group) -> str:
    return f"{group['marks'] - group['cut']} of {group['marks']}"


def _cut(group) -> str:
    return f"{group['cut']} of {group['marks']}"


def _ms(quantiles) -> str:
    half, most = quantiles
    return NOTHING if half is None else f"{half:,.0f} / {most:,.0f}"
