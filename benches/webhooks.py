#!/usr/bin/env python3
"""Measure how fast events reach a receiver: ours, durable, beside the webhook emitter of the Python package voxtra, which has no store.

Both send to the same receiver, a process of its own, in turns. One event at a time, how long each is on its way; then as many as there can
be, how many arrive a second. Ours then has a backlog: all events wait on the disk until the receiver is up.

examples:
  benches/webhooks.py                        a minute; the results go to target/bench-results/webhooks
  benches/webhooks.py --backlog 1000000      the long version
  benches/compare.py page                    writes the table into docs/benchmarks.md
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from page import machine
from page.results import Results

ROOT = Path(__file__).resolve().parent.parent
OURS, THEIRS = "voxtra-webhook", "python-voxtra"
# The events of each measurement, ours and theirs.
COUNTS = {"idle": (300, 300), "sustained": (50_000, 5_000), "backlog": (100_000, 0)}


def build() -> Path:
    command = ["cargo", "build", "--release", "--locked", "-p", "voxtra-webhook", "--example", "throughput"]
    done = subprocess.run([*command, "--message-format", "json"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    built = [json.loads(line) for line in done.stdout.splitlines()]
    return next(Path(one["executable"]) for one in built if one.get("executable"))


def python() -> Path:
    """The peer's Python, which its launcher installs."""
    launcher = ROOT / "benches/peers" / THEIRS / "run"
    done = subprocess.run([launcher, "--python"], check=True, stdout=subprocess.PIPE, text=True)
    return Path(done.stdout.strip())


def measure(command: list, url: str, what: str, count: int) -> dict:
    done = subprocess.run([*map(str, command), url, what, str(count)], check=True, stdout=subprocess.PIPE, text=True)
    report = json.loads(done.stdout)
    if report["figures"]["taken"] != count:
        print(f"webhooks.py: {report['figures']['taken']} of {count} events arrived", file=sys.stderr)
    return report


def run(results: Results, counts: dict[str, tuple[int, int]], rounds: range, say):
    """`counts` are the events of each measurement, ours and theirs; 0 leaves one out."""
    ours = build()
    senders = {OURS: [ours], THEIRS: [python(), ROOT / "benches/peers" / THEIRS / "webhooks.py"]}
    receiver = subprocess.Popen([ours, "receive"], stdout=subprocess.PIPE, text=True)
    try:
        url = receiver.stdout.readline().strip()
        for number in rounds:
            for what, numbers in counts.items():
                # Nobody is always the first.
                for name, count in list(zip(senders, numbers))[:: 1 if number % 2 else -1]:
                    if count == 0:
                        continue
                    say(f"round {number}, {count} events, {what}, {name}")
                    report = measure(senders[name], url, what, count)
                    say(f"  {json.dumps(report['figures'])}")
                    results.keep("webhooks", f"{name}.{what}.{number}", {
                        "server": name, "what": what, "round": number, "date": machine.now(), "machine": machine.describe(ROOT),
                        "report": report,
                    })
    finally:
        receiver.kill()
        receiver.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=COUNTS, help="one measurement")
    parser.add_argument("--events", type=int, default=50_000, metavar="N", help="of ours; of the peer's a tenth [50000]")
    parser.add_argument("--backlog", type=int, default=100_000, metavar="N", help="events that wait for the receiver [100000]")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured; the page has the median [3]")
    parser.add_argument("--results", type=Path, default=ROOT / "target/bench-results", metavar="DIR", help="[target/bench-results]")
    args = parser.parse_args()
    counts = COUNTS | {"sustained": (args.events, args.events // 10), "backlog": (args.backlog, 0)}
    if args.only:
        counts = {args.only: counts[args.only]}
    run(Results(args.results), counts, range(1, args.rounds + 1), lambda text: print(text, file=sys.stderr, flush=True))


if __name__ == "__main__":
    main()
