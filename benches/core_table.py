#!/usr/bin/env python3
"""Measure what a frame costs at each stage of the core, in ns and in instructions, and write the table.

It goes to standard output and into docs/benchmarks.md, the figures also to target/bench-results/core.json. Needs valgrind.

examples:
  benches/core_table.py                 measure (a minute and a half, on a machine that does nothing else) and write
  benches/core_table.py --no-measure    write from what target/ has of the last time
  benches/core_table.py --no-page       leave docs/benchmarks.md as it is
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from page import document

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
RESULTS = TARGET / "bench-results" / "core.json"
# As `FRAMES` in stages/mod.rs: the instructions are those of so many frames.
FRAMES = 50
FLOOR = "copy_the_payload_twice"
# In the order of the table: the floor, the path of a call, the path as a whole, and what only some
# calls need.
GROUPS = [
    [FLOOR, "decode_and_encode"],
    ["decode", "clock_check_and_history", "dtmf_detection", "voice_detection", "turn_taking", "event_to_one_subscriber", "playout", "encode"],
    ["whole_leg_agent", "whole_leg_echo"],
    ["voice_detection_energy", "decode_and_encode_cut_in_two", "resample_8_to_16_khz"],
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-measure", action="store_true", help="use the figures of the last time")
    parser.add_argument("--no-page", action="store_true", help="leave docs/benchmarks.md as it is")
    args = parser.parse_args()
    if not args.no_measure:
        measure()
    figures = {stage: figure for stage, figure in read().items() if any(stage in group for group in GROUPS)}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    made = table(figures)
    print(made)
    if not args.no_page:
        page = ROOT / document.PAGE
        page.write_text(document.between(page.read_text(), "core", made))


def measure():
    for command in (
        ["cargo", "bench", "-p", "voxtra-benches", "--bench", "core", "--", "--noplot"],
        ["benches/with_runner.sh", "cargo", "bench", "-p", "voxtra-benches", "--bench", "instructions", "--", "--save-summary=json"],
    ):
        print(" ".join(command), file=sys.stderr, flush=True)
        done = subprocess.run(command, cwd=ROOT, stdout=sys.stderr)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed, see above")


def read() -> dict[str, dict]:
    """Per stage: its name, ns and instructions a frame."""
    figures = {}
    for file in (TARGET / "criterion" / "frame").glob("*/new/benchmark.json"):
        name = json.loads(file.read_text())["function_id"]
        estimates = json.loads((file.parent / "estimates.json").read_text())
        stage = re.sub(r"[^a-z0-9]+", "_", name.lower())
        figures[stage] = {"name": name, "ns": estimates["median"]["point_estimate"]}
    for file in (TARGET / "gungraun" / "voxtra-benches" / "instructions" / "frame").glob("*/summary.json"):
        summary = json.loads(file.read_text())
        counted = summary["profiles"][0]["data"]["total"]["metrics"]["Ir"]["values"]["new"]
        figures.get(summary["function_name"], {})["instructions"] = counted / FRAMES
    missing = [stage for group in GROUPS for stage in group if "instructions" not in figures.get(stage, {})]
    if missing:
        raise SystemExit(f"not measured yet: {', '.join(missing)}; run benches/core_table.py without --no-measure")
    return figures


def table(figures: dict[str, dict]) -> str:
    floor = figures[FLOOR]["ns"]
    lines = ["| stage, per frame of 20 ms at 8 kHz | time | instructions | beside copying twice |", "|---|---:|---:|---:|"]
    for number, group in enumerate(GROUPS):
        if number > 0:
            lines.append("| | | | |")
        for stage in group:
            figure = figures[stage]
            name = f"**{figure['name']}**" if stage.startswith("whole") else figure["name"]
            ns = f"{figure['ns']:.0f} ns" if figure["ns"] >= 100 else f"{figure['ns']:.1f} ns"
            lines.append(f"| {name} | {ns} | {figure['instructions']:,.0f} | {figure['ns'] / floor:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
