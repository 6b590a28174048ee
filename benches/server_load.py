#!/usr/bin/env python3
"""The server under load: what each of several AudioSocket servers costs, side by side, in one run.

    cargo build --release --bin voxtra --bin bare_echo
    benches/server_load.py                                      every server, at 200, 500, 1000 and 2000 calls
    benches/server_load.py --servers bare_echo,voxtra --calls 500 --seconds 5 --repeats 3 --out load.json

Each server runs alone on one core (`taskset -c 0`), `voxtra load` on another. The servers take turns (A B A B), so that a machine that
grows slower or faster in the meantime does so for all of them. Written to stdout: a table in Markdown with the median of the repeats and
the ratio to the first server. Written to `--out`: every run as `voxtra load --json` reported it.
"""

import argparse
import json
import os
import platform
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
RELEASE = TARGET / "release"


@dataclass
class Server:
    """A program that listens. `{port}` in its command is replaced."""

    name: str
    command: list[str]
    #: What to add to `voxtra load`, such as `--uuid`.
    load_options: list[str] = field(default_factory=list)
    #: A program that installs something when it starts for the first time needs longer.
    start_seconds: float = 10.0
    #: What generates the load in place of `voxtra load`, with the same options and JSON.
    generator: list[str] = field(default_factory=list)


def own_servers():
    """The servers that are built from this tree, by name."""
    voxtra = [str(RELEASE / "voxtra"), "echo", "--listen", "127.0.0.1:{port}"]
    servers = [
        Server("bare_echo", [str(RELEASE / "bare_echo"), "{port}"]),
        Server("voxtra", voxtra),
        Server("voxtra_batch_0", [*voxtra, "--batch", "0"]),
        Server("voxtra_gathering", [*voxtra, "--batch-above-load", "0"]),
        Server("paced_timer", [str(RELEASE / "paced_timer"), "{port}"]),
        Server("paced_playback", [str(RELEASE / "paced_playback"), "{port}"]),
    ]
    return {server.name: server for server in servers}


def parse_server(text, known):
    """A server by its name, or as `NAME=COMMAND LINE` with `{port}` in it."""
    name, equals, command = text.partition("=")
    if equals:
        return Server(name, shlex.split(command))
    if name not in known:
        sys.exit(f"server_load.py: no server {name!r}; there are {', '.join(known)}, or NAME='COMMAND {{port}}'")
    return known[name]


def on_core(core, realtime):
    """What to put before a command so that it runs on one core, and if need be before all other programs."""
    return [*(["chrt", "--fifo", "10"] if realtime else []), "taskset", "-c", str(core)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """A server that runs on one core, in a session of its own; ended with everything that it has started."""

    def __init__(self, server, core, realtime=False):
        self.server, self.port = server, free_port()
        command = [part.replace("{port}", str(self.port)) for part in server.command]
        # Not a pipe: nobody would empty it, and a talkative server would wait for that.
        self.complaints = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*on_core(core, realtime), *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.complaints,
            start_new_session=True,
        )

    def __enter__(self):
        try:
            self.await_listening()
        except BaseException:
            # Ctrl-C reaches only this script.
            self.__exit__()
            raise
        return self

    def await_listening(self):
        deadline = time.monotonic() + self.server.start_seconds
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.server.name} ended: {self.last_words()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{self.server.name} does not listen: {self.last_words()}") from None
                time.sleep(0.05)
        # What the probe has set off is over before anything is measured.
        time.sleep(0.3)

    def __exit__(self, *_):
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, how)
                self.process.wait(timeout=3)
                break
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                break
        self.process.poll()
        self.complaints.close()

    def last_words(self):
        self.complaints.seek(0)
        return self.complaints.read().decode(errors="replace").strip()[-300:] or "without a word"


def measure(server, calls, seconds, warm_up=2.0, rate=8000, server_core=0, load_core=1, realtime=False):
    """One run. Returns what `voxtra load --json` reported, or `{"failed": why}`."""
    with Running(server, server_core, realtime) as running:
        generator = server.generator or [str(RELEASE / "voxtra"), "load"]
        command = [
            *on_core(load_core, realtime), *generator, f"127.0.0.1:{running.port}",
            "--calls", str(calls), "--seconds", str(seconds), "--warm-up", str(warm_up), "--rate", str(rate),
            "--watch", str(running.process.pid), "--json", *server.load_options,
        ]
        limit = calls / 500 + warm_up + seconds + 30
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            return {"failed": f"no end after {limit:.0f} s"}
        try:
            report = json.loads(done.stdout)
        except json.JSONDecodeError:
            return {"failed": done.stderr.strip()[-300:]}
        if done.returncode != 0:
            report["failed"] = done.stderr.strip()[-300:]
        return report


def compare(servers, call_counts, seconds, repeats, progress=lambda text: None, **options):
    """Every server with every number of calls, `repeats` times in turn. A list of runs."""
    runs = []
    for calls in call_counts:
        for repeat in range(repeats):
            # The order turns round each time: nobody is always the first.
            turn = servers if repeat % 2 == 0 else servers[::-1]
            for server in turn:
                progress(f"{server.name}, {calls} calls, {repeat + 1} of {repeats}")
                try:
                    report = measure(server, calls, seconds, **options)
                except RuntimeError as error:
                    report = {"failed": str(error)}
                runs.append({"server": server.name, "calls": calls, "repeat": repeat, "report": report})
                progress(f"{server.name}, {calls} calls: {one_line(report)}")
    return runs


def one_line(report):
    if "failed" in report and "frames_sent" not in report:
        return "FAILED " + report["failed"]
    took, used = report.get("turn_around_us"), report.get("server") or {}
    parts = [f"{used.get('cpu_us_per_frame', float('nan')):.1f} µs a frame"]
    if took:
        parts.append(f"p50 {took['p50'] / 1000:.2f} p99 {took['p99'] / 1000:.2f} ms, lost {report['lost']}")
    spacing = report.get("spacing_us")
    if spacing:
        parts.append(f"{spacing['within_2_ms']:.1%} within 2 ms")
    late = report.get("own_lateness_us")
    if late:
        parts.append(f"generator late p99 {late['p99'] / 1000:.2f} ms, {report['generator_cpu_us_per_frame']:.1f} µs")
    return ", ".join(parts)


def dig(report, path):
    """A figure by its path, such as `turn_around_us.p99`; None if it is not there."""
    for key in path.split("."):
        if not isinstance(report, dict) or report.get(key) is None:
            return None
        report = report[key]
    return report


def median(runs, path):
    """The median of a figure over runs; None if no run has it."""
    found = [value for run in runs if (value := dig(run["report"], path)) is not None]
    return statistics.median(found) if found else None


def of(runs, server, calls):
    return [run for run in runs if run["server"] == server and run["calls"] == calls]


def table(runs):
    """The runs as a table in Markdown. Ratios are to the first server."""
    names = list(dict.fromkeys(run["server"] for run in runs))
    lines = [
        "| calls | server | CPU µs/frame | ratio | turn-around p50 | p99 | p99.9 | max | p99 ratio | lost | late | spacing within 2 ms "
        "| KiB/call | switches/s | generator late p99 | its CPU µs/frame |",
        "|" + "---:|---|" + "---:|" * 14,
    ]

    def text(value, form, scale=1.0):
        return "–" if value is None else form.format(value / scale)

    def ratio(value, base):
        return "–" if value is None or not base else f"{value / base:.2f}"

    for calls in dict.fromkeys(run["calls"] for run in runs):
        base_cpu, base_p99 = (
            median(of(runs, names[0], calls), path) for path in ("server.cpu_us_per_frame", "turn_around_us.p99")
        )
        for name in names:
            mine = of(runs, name, calls)
            if not mine:
                continue
            cpu, p99 = median(mine, "server.cpu_us_per_frame"), median(mine, "turn_around_us.p99")
            lost = sum(dig(run["report"], "lost") or 0 for run in mine)
            late = sum(dig(run["report"], "late") or 0 for run in mine)
            ended = sum(dig(run["report"], "disconnected.total") or 0 for run in mine)
            failed = sum("failed" in run["report"] for run in mine)
            remark = (f" ({ended} calls ended)" if ended else "") + (f" ({failed} runs failed)" if failed else "")
            ms = [median(mine, f"turn_around_us.{key}") for key in ("p50", "p99", "p999", "max")]
            cells = [
                calls, name + remark, text(cpu, "{:.1f}"), ratio(cpu, base_cpu),
                *(text(value, "{:.2f} ms", 1000) for value in ms), ratio(p99, base_p99),
                "–" if p99 is None else lost, "–" if p99 is None else late,
                text(median(mine, "spacing_us.within_2_ms"), "{:.2%}"),
                text(median(mine, "server.rss_bytes_per_call"), "{:.0f}", 1024),
                text(median(mine, "server.context_switches_per_second"), "{:.0f}"),
                text(median(mine, "own_lateness_us.p99"), "{:.2f} ms", 1000),
                text(median(mine, "generator_cpu_us_per_frame"), "{:.1f}"),
            ]
            lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def machine():
    """What it was measured on."""
    model = next(
        (line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def numbers(text):
    return [int(part) for part in text.split(",")]


def main():
    known = own_servers()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="bare_echo,voxtra", help=f"by name, separated by commas: {', '.join(known)}")
    parser.add_argument("--server", action="append", default=[], metavar="NAME=COMMAND", help="one more, with {port} in its command")
    parser.add_argument("--calls", type=numbers, default=[200, 500, 1000, 2000])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--warm-up", type=float, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--rate", type=int, default=8000)
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1)
    parser.add_argument(
        "--realtime", action="store_true",
        help="run servers and generator before all other programs (SCHED_FIFO, as root): for a machine that isn't quiet",
    )
    parser.add_argument("--out", type=Path, help="write every run to this JSON file")
    args = parser.parse_args()
    servers = [parse_server(name, known) for name in args.servers.split(",") if name]
    servers += [parse_server(text, known) for text in args.server]
    for server in servers:
        if "/" in server.command[0] and not Path(server.command[0]).exists():
            sys.exit(
                f"server_load.py: {server.command[0]} is missing: cargo build --release --bin voxtra "
                "--bin bare_echo --bin paced_timer --bin paced_playback"
            )
    runs = compare(
        servers, args.calls, args.seconds, args.repeats,
        progress=lambda text: print(text, file=sys.stderr),
        warm_up=args.warm_up, rate=args.rate, server_core=args.server_core, load_core=args.load_core, realtime=args.realtime,
    )
    if args.out:
        result = {"machine": machine(), "servers": [asdict(server) for server in servers], "runs": runs}
        args.out.write_text(json.dumps(result, indent=1))
    print(table(runs))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
