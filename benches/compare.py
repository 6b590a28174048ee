#!/usr/bin/env python3
"""Measure Voxtra beside other AudioSocket servers, and write docs/benchmarks.md.

Each server is installed on first use below target/peers (or $VOXTRA_PEERS), runs on one core, and echoes what `voxtra load`, on another
core, sends it as Asterisk would. The servers take turns, so that a change of the machine's mood hits them all. `voxtra torture` then
plays the hostile peer with each, and callers converse with agents of ours and of others (benches/conversation.py). Results are kept as JSON below target/bench-results; the page is made from whatever is there.

examples:
  benches/compare.py                                everything: half an hour, on a machine that does nothing else
  benches/compare.py --all                          and the page's other tables too (core, isolation)
  benches/compare.py prepare                        install and build, measure nothing
  benches/compare.py load --peers voxtra,bare-echo --calls 500 --rounds 1
  benches/compare.py torture --peers voxtra
  benches/compare.py conversation                   ten minutes; the agents are installed first
  benches/compare.py webhooks                       a minute; benches/webhooks.py has more options
  benches/compare.py page                           only write the page anew
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import conversation
import server_load
import webhooks
from page import document, machine, tables
from page.peers import CONVERSING, PACED, PEERS, ROOT, Peer
from page.results import Results

STEPS = ["prepare", "load", "spacing", "torture", "conversation", "webhooks", "page"]
# What measures the page's other tables. The first writes its own; the others leave their results
# below target/bench-results.
OTHERS = {
    "core": ["benches/core_table.py"],
    "evaluation": ["benches/evaluate/run.sh", "{results}/evaluation"],
    "isolation": ["cargo", "run", "--release", "--locked", "-p", "voxtra-benches", "--bin", "isolation", "--", "--out", "{results}/isolation"],
}


class Trouble(Exception):
    """Something that the user can do something about."""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"what to do: {', '.join(STEPS)} [all of them]")
    parser.add_argument("--all", action="store_true", help="measure the page's other tables as well")
    parser.add_argument("--peers", type=names, default=PEERS, metavar="A,B", help=f"only these, of: {', '.join(peer.name for peer in PEERS)}")
    parser.add_argument("--calls", type=numbers, default=[100, 200, 500, 1000, 2000], metavar="N,M", help="calls at once [100,200,500,1000,2000]")
    parser.add_argument("--seconds", type=float, default=10, metavar="S", help="measured each time [10]")
    parser.add_argument("--warm-up", type=float, default=2, metavar="S", help="all calls are up that long before [2]")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured; the page has the median [3]")
    parser.add_argument("--first-round", type=int, default=1, metavar="N", help="number of the first; earlier ones are kept [1]")
    parser.add_argument("--anew", action="store_true", help="forget what was measured of these servers before")
    parser.add_argument("--server-core", type=int, default=0, metavar="C", help="the server's core [0]")
    parser.add_argument("--load-core", type=int, default=1, metavar="C", help="the generator's core [1]")
    parser.add_argument("--realtime", action="store_true", help="run servers and generator before all other programs (SCHED_FIFO, as root), where the machine isn't quiet. The kernel stops whoever uses more than 95 %% of a core for the rest of that second: full servers look worse than they are")
    parser.add_argument("--results", type=Path, default=ROOT / "target/bench-results", metavar="DIR", help="[target/bench-results]")
    args = parser.parse_args()
    for step in args.steps:
        if step not in STEPS:
            parser.error(f"there is no step '{step}'; there are: {', '.join(STEPS)}")
    args.steps = args.steps or STEPS
    return args


def names(text: str) -> list[Peer]:
    by_name = {peer.name: peer for peer in PEERS}
    unknown = [name for name in text.split(",") if name not in by_name]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are: {', '.join(by_name)}")
    return [by_name[name] for name in text.split(",")]


def numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError("whole numbers with commas, such as 100,500") from None


def check_machine(args):
    if args.realtime and os.geteuid() != 0:
        raise Trouble("--realtime needs root")
    for program, advice in {"taskset": "Debian: apt-get install util-linux", "cargo": 'README.md, "Set up"'}.items():
        if not shutil.which(program):
            raise Trouble(f"{program} is missing ({advice})")
    cores = os.sched_getaffinity(0)
    if not {args.server_core, args.load_core} <= cores or args.server_core == args.load_core:
        raise Trouble(f"server and generator need a core each, of {sorted(cores)}: see --server-core and --load-core")


def check_generator():
    if not (server_load.RELEASE / "voxtra").exists():
        raise Trouble("`voxtra` is not built: benches/compare.py prepare")


def prepare(args, results: Results):
    for folder in dict.fromkeys(peer.launcher for peer in args.peers):
        peer = next(peer for peer in args.peers if peer.launcher == folder)
        say(f"prepare {peer.name}")
        version = peer.version()
        if version is None:
            raise Trouble(f"{peer.name} can't be made ready (above): put that right, or leave it out with --peers")
        say(f"  {version}")
        results.keep("versions", folder.parent.name, {"folder": folder.parent.name, "version": version})


def load(args, results: Results):
    if args.anew:
        for peer in args.peers:
            results.forget("load", peer.name)
    for number in range(args.first_round, args.first_round + args.rounds):
        for calls in sorted(args.calls):
            for peer in in_turn(args.peers, number):
                if any(results.load(peer.name, fewer).is_overwhelmed for fewer in results.counts([peer]) if fewer < calls):
                    say(f"{peer.name}: not with {calls} calls, fewer were too many for it")
                    continue
                keep_round(args, results, peer, calls, number)


def spacing(args, results: Results):
    """Those that echo have been measured under load already."""
    for number in range(args.first_round, args.first_round + args.rounds):
        for peer in in_turn([peer for peer in PACED if not peer.echoes], number):
            keep_round(args, results, peer, 500, number)


def in_turn(peers: list[Peer], number: int) -> list[Peer]:
    """Nobody is always the first."""
    return peers if number % 2 else peers[::-1]


def keep_round(args, results: Results, peer: Peer, calls: int, number: int):
    say(f"round {number}, {calls} calls, {peer.name}")
    report = measure(args, peer, calls)
    say(f"  {server_load.one_line(report)}")
    results.keep("load", f"{peer.name}.{calls}.{number}", {
        "server": peer.name, "calls": calls, "round": number, "date": machine.now(), "machine": machine.describe(ROOT),
        "realtime": args.realtime, "report": report,
    })


def measure(args, peer: Peer, calls: int) -> dict:
    try:
        return server_load.measure(
            peer.server(), calls, args.seconds, args.warm_up,
            server_core=args.server_core, load_core=args.load_core, realtime=args.realtime,
        )
    except RuntimeError as error:
        return {"failed": str(error)}


def torture(args, results: Results):
    for peer in args.peers:
        if peer.mode != "direct":
            continue
        say(f"torture {peer.name}")
        report = play_hostile(args, peer)
        say(f"  {report.get('failed') or tables.verdicts(report)}")
        results.keep("torture", peer.name, {
            "server": peer.name, "date": machine.now(), "machine": machine.describe(ROOT), "report": report,
        })


def play_hostile(args, peer: Peer) -> dict:
    try:
        with server_load.Running(peer.server(), args.server_core) as running:
            command = [str(server_load.RELEASE / "voxtra"), "torture", f"127.0.0.1:{running.port}", "--pid", str(running.process.pid), "--json"]
            done = subprocess.run(
                ["taskset", "-c", str(args.load_core), *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=900
            )
            try:
                return json.loads(done.stdout) | {"survived": running.process.poll() is None}
            except ValueError:
                return {"failed": done.stderr.strip()[-300:] or f"exit status {done.returncode}"}
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return {"failed": str(error)}


def converse(args, results: Results):
    """With the defaults of benches/conversation.py, which has more options."""
    if args.anew:
        for peer in CONVERSING:
            results.forget("conversation", peer.name)
    for peer in CONVERSING:
        if peer.version() is None:
            raise Trouble(f"{peer.name} can't be made ready (above)")
    rounds = range(args.first_round, args.first_round + 2)
    cores = (args.server_core, args.load_core)
    conversation.run(results, CONVERSING, [1, 10, 50, 100], rounds, 20, 600, cores, say)


def deliver(args, results: Results):
    """With the defaults of benches/webhooks.py."""
    rounds = range(args.first_round, args.first_round + args.rounds)
    webhooks.run(results, webhooks.COUNTS, rounds, say)


def others(args):
    for name, command in OTHERS.items():
        command = [part.replace("{results}", str(args.results.resolve())) for part in command]
        say(f"{name}: {' '.join(command)}")
        if not (ROOT / command[0]).exists() and "/" in command[0]:
            raise Trouble(f"{command[0]} is missing; leave --all out")
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def say(text: str):
    print(text, file=sys.stderr, flush=True)


def main():
    args = arguments()
    results = Results(args.results)
    if set(args.steps) - {"page"}:
        check_machine(args)
    if "prepare" in args.steps:
        prepare(args, results)
    if {"load", "spacing", "torture"} & set(args.steps):
        check_generator()
    if "load" in args.steps:
        load(args, results)
    if "spacing" in args.steps:
        spacing(args, results)
    if "torture" in args.steps:
        torture(args, results)
    if "conversation" in args.steps:
        converse(args, results)
    if "webhooks" in args.steps:
        deliver(args, results)
    if args.all:
        others(args)
    if "page" in args.steps:
        document.write(ROOT, results, say)


if __name__ == "__main__":
    # Killed, it ends its servers as when it is interrupted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except Trouble as trouble:
        sys.exit(f"compare.py: {trouble}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"compare.py: {' '.join(map(str, error.cmd))} failed (above)")
    except KeyboardInterrupt:
        sys.exit(130)
