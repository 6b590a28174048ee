#!/usr/bin/env python3
"""How long callers wait for an answer that takes no time to make: an agent of ours, and the same of other frameworks.

    benches/conversation.py                           what benches/compare.py runs as its step `conversation`, alone
    benches/conversation.py --peers voxtra-agent --calls 10 --seconds 10 --rounds 1

Each agent runs alone on one core, the callers (benches/conversation/callers) on another. They speak to it over AudioSocket: real
recordings, turn by turn. Its speech-to-text, language model and voice have their results at once. The agents take turns, so that a change
of the machine's mood hits them all. benches/conversation/smoke.rs is a few seconds of it, judged by answers: a test.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import server_load
from page import machine
from page.peers import CONVERSING, ROOT, Peer
from page.results import Results

# Real people: a reading of LibriVox's, a command, playing cards. Debian has them, as test data for
# a recogniser.
PACKAGE = "pocketsphinx-testdata"
RECORDINGS = ["librivox/sense_and_sensibility_01_austen_64kb-0880.wav", "goforward.raw", "cards/005.wav"]


def recordings() -> list[Path]:
    """Fetched on first use."""
    home = server_load.TARGET / "peers/recordings"
    where = home / "usr/share/pocketsphinx/test/data"
    if not (where / RECORDINGS[-1]).exists():
        home.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", PACKAGE], cwd=home, check=True)
        for package in home.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, home], check=True)
    return [where / name for name in RECORDINGS]


class Watch:
    """What a process and its children use meanwhile."""

    def __init__(self, pid: int):
        self.pid, self.highest, self.over = pid, 0, threading.Event()
        self.idle, self.began = self.resident(), (self.cpu(), time.monotonic())
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        while not self.over.wait(0.5):
            self.highest = max(self.highest, self.resident())

    def cpu(self) -> float:
        """Seconds, in user and kernel mode."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def resident(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0)

    def end(self, calls: int) -> dict:
        self.over.set()
        self.thread.join()
        cpu, at = self.began
        share = (self.cpu() - cpu) / (time.monotonic() - at)
        return {
            "cpu_share": share, "cpu_ms_per_call_second": 1000 * share / calls,
            "rss_idle_bytes": self.idle, "rss_bytes_per_call": max(0, self.highest - self.idle) / calls,
        }


def measure(peer: Peer, calls: int, seconds: float, silence_ms: int, spoken: list[Path], agent_core: int, callers_core: int) -> dict:
    """One run: what became of each turn."""
    with tempfile.TemporaryDirectory() as scratch:
        marks = Path(scratch) / "marks"
        server = peer.server()
        server.command = [server.command[0], "{port}", str(silence_ms), str(marks)]
        with server_load.Running(server, agent_core) as running:
            watch = Watch(running.process.pid)
            try:
                command = [
                    "taskset", "-c", str(callers_core), str(server_load.RELEASE / "conversation_callers"), f"127.0.0.1:{running.port}",
                    "--calls", str(calls), "--seconds", f"{seconds:.0f}", *(part for path in spoken for part in ("--recording", str(path))),
                ]
                done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
            finally:
                used = watch.end(calls)
            if done.returncode != 0:
                return {"failed": done.stderr.strip()[-300:]}
            # Those who end write down what was when.
            time.sleep(0.5)
            noted = [json.loads(line) for line in marks.read_text().splitlines()] if marks.exists() else []
    return {"seconds": seconds} | report(json.loads(done.stdout)["calls"], noted, silence_ms) | {"server": used}


def report(calls: list[dict], noted: list[dict], silence_ms: int) -> dict:
    """Every turn's times in µs, and how many turns had none."""
    turns = [(call["id"], turn) for call in calls for turn in call["turns"]]
    by_call: dict[str, list[dict]] = {}
    for marks in noted:
        by_call.setdefault(marks["call"], []).append(marks)
    good = [(call, turn) for call, turn in turns if turn["answered"] and not turn["early"]]
    late = sorted(late for call in calls for late in call["late_us"])
    return {
        "silence_ms": silence_ms,
        "turns": len(turns),
        "unanswered": sum(turn["ended"] is not None and not turn["answered"] and not turn["early"] for _, turn in turns),
        "early": sum(turn["early"] for _, turn in turns),
        "stray": sum(call["stray"] for call in calls),
        "calls_ended_early": sum(call["ended_early"] for call in calls),
        "late_us_p99": late[len(late) * 99 // 100] if late else None,
        "times_us": [times(turn, marks_of(turn, by_call.get(call, [])), 1000 * silence_ms) for call, turn in good],
    }


def marks_of(turn: dict, noted: list[dict]) -> dict:
    """What the agent noted of this turn."""
    return next((marks for marks in noted if turn["ended"] < marks["frame"] <= turn["answered"] + 5_000), {})


def times(turn: dict, marks: dict, silence_us: int) -> dict:
    """Where the time of one turn went."""
    ended, answered = turn["ended"], turn["answered"]
    found = {"beyond": answered - ended - silence_us}
    steps = ["decided", "asked", "spoken", "frame"]
    if all(step in marks for step in steps) and marks["decided"] > ended:
        # The last frame before it is the one by which it was decided.
        frame = max(ended + sent for sent in turn["sent"] if ended + sent <= marks["decided"])
        found |= {
            "deciding": marks["decided"] - ended - silence_us,
            "since_frame": answered - frame,
            "without_rhythm": answered - frame - (marks["frame"] - marks["spoken"]),
            "read": marks["decided"] - frame,
            "own": answered - marks["decided"],
            "to_model": max(0, marks["asked"] - marks["decided"]),
            "to_voice": marks["spoken"] - max(marks["decided"], marks["asked"]),
            "to_frame": marks["frame"] - marks["spoken"],
            "to_caller": answered - marks["frame"],
        }
    return found


def run(results: Results, peers: list[Peer], counts: list[int], rounds: range, seconds: float, silence_ms: int, cores: tuple[int, int], say):
    spoken = recordings()
    for number in rounds:
        for calls in sorted(counts):
            for peer in peers if number % 2 else peers[::-1]:
                say(f"round {number}, {calls} conversations, {peer.name}")
                try:
                    found = measure(peer, calls, seconds, silence_ms, spoken, *cores)
                except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
                    found = {"failed": str(error)}
                say(f"  {one_line(found)}")
                results.keep("conversation", f"{peer.name}.{calls}.{number}", {
                    "server": peer.name, "calls": calls, "round": number, "date": machine.now(), "machine": machine.describe(ROOT),
                    "report": found,
                })


def quantile(values: list[float], share: float) -> float | None:
    """The smallest value that so many of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


def one_line(found: dict) -> str:
    if "failed" in found:
        return f"FAILED {found['failed']}"

    def both(key: str) -> str:
        values = [times[key] for times in found["times_us"] if key in times]
        return f"{key} {quantile(values, 0.5) / 1000:.1f} / {quantile(values, 0.99) / 1000:.1f}" if values else f"{key} –"

    keys = ["beyond", "deciding", "since_frame", "without_rhythm", "read", "own", "to_model", "to_voice", "to_frame", "to_caller"]
    used = found["server"]
    return (
        f"{len(found['times_us'])} of {found['turns']} turns, {found['early']} early, {found['unanswered']} unanswered, ms p50 / p99: "
        + ", ".join(map(both, keys))
        + f"; {used['cpu_share']:.0%} of the core, {used['rss_bytes_per_call'] / 1024:.0f} KiB a call, callers late {found['late_us_p99'] / 1000:.1f}"
    )


def say(text: str):
    print(text, file=sys.stderr, flush=True)


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=",".join(peer.name for peer in CONVERSING), metavar="A,B", help="[all of them]")
    parser.add_argument("--calls", type=numbers, default=[1, 10, 50, 100], metavar="N,M", help="conversations at once [1,10,50,100]")
    parser.add_argument("--seconds", type=float, default=30, metavar="S", help="how long each time [30]")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="how often [2]")
    parser.add_argument("--first-round", type=int, default=1, metavar="N", help="number of the first; earlier ones are kept [1]")
    parser.add_argument("--silence-ms", type=int, default=600, metavar="MS", help="the silence that ends a turn [600]")
    parser.add_argument("--results", type=Path, default=ROOT / "target/bench-results", metavar="DIR", help="[target/bench-results]")
    args = parser.parse_args()
    peers = [peer for peer in CONVERSING if peer.name in args.peers.split(",")]
    for peer in peers:
        if peer.version() is None:
            sys.exit(f"conversation.py: {peer.name} can't be made ready (above)")
    rounds = range(args.first_round, args.first_round + args.rounds)
    run(Results(args.results), peers, args.calls, rounds, args.seconds, args.silence_ms, (0, 1), say)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
