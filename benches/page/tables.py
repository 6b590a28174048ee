"""What the page shows, made from the results. Every function returns Markdown, or `None` while nothing was measured for it."""

import json
import re
import statistics

from page.peers import CONVERSING, PACED, PEERS, Peer
from page.results import Load, Results

NOTHING = "–"
DOUBT = " (?)"


def machine(results: Results) -> str | None:
    runs = results.of("load")
    if not runs:
        return None
    newest = max(runs, key=lambda run: run["date"])
    days = sorted({run["date"][:10] for run in runs})
    on = newest["machine"]
    versions = {entry["folder"]: entry["version"] for entry in results.of("versions")}
    first = " Servers and generator ran before all other programs (`--realtime`), as the machine had other work; the kernel stops such programs for up to 50 ms in a second in which they fill a core, so where one is full, the p99 is worse than on a quiet machine." if any(run.get("realtime") for run in runs) else ""
    each = sorted({f"{run['report']['seconds']:g}" for run in runs if "seconds" in run["report"]}, key=float)
    rounds = len({run["round"] for run in runs})
    rows = [
        ("date", " to ".join(dict.fromkeys([days[0], days[-1]]))),
        ("processor", f"{on['cpu']}, {on['cores']} cores{', a virtual machine' if on['virtual'] else ''}, {on['memory_gib']} GiB"),
        ("system", on["kernel"]),
        ("compiler", on["rustc"]),
        ("Voxtra", f"{versions.get('voxtra', '')}, commit {on['commit']}"),
        ("measured", f"{each[0]} s at a time, in {rounds} round{'s' if rounds > 1 else ''}.{first}"),
        ("beside it", "; ".join(version for folder, version in versions.items() if folder != "voxtra")),
    ]
    return table(["", ""], [[name, value] for name, value in rows], names=2)


def summary(results: Results) -> str | None:
    """For the README: every server once."""
    calls = _typical(results)
    rows = []
    for peer in PEERS:
        load = results.load(peer.name, calls) if calls else None
        if load and peer.mode == "direct":
            cpu, _, _, p99, lost, _ = _under_load(load, None)
            rows.append([peer.label, cpu, p99, lost, _memory(results, peer), _conformance(results, peer)])
    head = [f"{calls} calls on one core", "CPU per frame", "turn-around p99", "lost", "memory per call", "hostile cases passed"]
    return table(head, rows) if rows else None


def _typical(results: Results) -> int | None:
    """The largest number of calls that most servers bear."""
    counts = results.counts(PEERS)
    return max((count for count in counts if count <= 500), default=min(counts)) if counts else None


def peers(results: Results) -> str | None:
    """Everything that matters, at one number of calls."""
    calls = _typical(results)
    if calls is None:
        return None
    base = results.load("bare-echo", calls).median("server.cpu_us_per_frame")
    rows = []
    for peer in PEERS:
        load = results.load(peer.name, calls)
        if load:
            rows.append([peer.label, *_under_load(load, base), _memory(results, peer), _conformance(results, peer)])
        else:
            rows.append([peer.label, *_too_many(results, peer, 6), _memory(results, peer), _conformance(results, peer)])
    head = ["at %d calls" % calls, "CPU per frame", "beside bare echo", "turn-around p50", "p99", "lost", "late", "memory per call", "hostile cases passed"]
    return table(head, rows)


def load(results: Results) -> str | None:
    """Everything, call count by call count."""
    rows = []
    for calls in results.counts(PEERS):
        base = results.load("bare-echo", calls).median("server.cpu_us_per_frame")
        for peer in PEERS:
            load = results.load(peer.name, calls)
            cells = [*_under_load(load, base), *_more(load)] if load else _too_many(results, peer, 10)
            rows.append([str(calls), peer.label, *cells])
    head = ["calls", "server", "CPU per frame", "beside bare echo", "turn-around p50", "p99", "lost", "late", "p99.9", "max", "of the core", "generator late, p99"]
    return table(head, rows, names=2) if rows else None


def _under_load(load: Load, base: float | None) -> list[str]:
    if not load.echoes:
        failed = next((run["report"]["failed"] for run in load.runs if "failed" in run["report"]), "no echo")
        return [failed.splitlines()[-1][:80]] + [NOTHING] * 5
    cpu = load.median("server.cpu_us_per_frame")
    doubt = DOUBT if load.is_generator_late else ""
    return [
        f"{cpu:.1f} µs" if cpu else NOTHING,
        f"{cpu / base:.2f}" if cpu and base else NOTHING,
        milliseconds(load.median("turn_around_us.p50")) + doubt,
        milliseconds(load.median("turn_around_us.p99")) + doubt,
        *_losses(load),
    ]


def _more(load: Load) -> list[str]:
    share = load.median("server.cpu_share")
    return [
        milliseconds(load.median("turn_around_us.p999")),
        milliseconds(load.median("turn_around_us.max")),
        f"{share:.0%}" if share is not None else NOTHING,
        milliseconds(load.median("own_lateness_us.p99")),
    ]


def _too_many(results: Results, peer: Peer, cells: int) -> list[str]:
    counts = [count for count in results.counts([peer]) if results.load(peer.name, count).is_overwhelmed]
    why = f"too many: already overwhelmed by {counts[0]}" if counts else "not measured"
    return [why] + [NOTHING] * (cells - 1)


def _losses(load: Load) -> list[str]:
    """Lost and late."""
    ended = f" ({load.ended_calls} calls ended)" if load.ended_calls else ""
    return [percent(load.share("lost") or 0) + ended, percent(load.share("late") or 0)]


def _memory(results: Results, peer: Peer) -> str:
    """With the most calls that it bore: small growth is lost in a process's pages."""
    for calls in reversed(results.counts([peer])):
        load = results.load(peer.name, calls)
        bytes_per_call = load.median("server.rss_bytes_per_call")
        if bytes_per_call is not None and not load.is_overwhelmed:
            return f"{bytes_per_call / 1024:.0f} KiB"
    return NOTHING


def _conformance(results: Results, peer: Peer) -> str:
    report = next((entry["report"] for entry in results.of("torture") if entry["server"] == peer.name), None)
    if report is None:
        return NOTHING
    return verdicts(report) if "cases" in report else "no ordinary call"


def verdicts(report: dict) -> str:
    """How many cases of the conformance suite it passed."""
    return _passed(report["cases"])


def _passed(cases: list[dict]) -> str:
    counted = [case for case in cases if case["result"] != "skip"]
    return f"{sum(case['result'] == 'pass' for case in counted)} of {len(counted)}" if counted else NOTHING


def torture(results: Results) -> str | None:
    """Families of cases by server, and every failure with its reason."""
    reports = {entry["server"]: entry["report"] for entry in results.of("torture")}
    # Some can't even be called.
    tried = [peer for peer in PEERS if "cases" in reports.get(peer.name, {})]
    if not tried:
        return None
    families = list(dict.fromkeys(case["family"] for peer in tried for case in reports[peer.name]["cases"]))
    rows = [
        [family, *(_passed([case for case in reports[peer.name]["cases"] if case["family"] == family]) for peer in tried)]
        for family in families
    ]
    rows.append(["**all**", *(f"**{verdicts(reports[peer.name])}**" for peer in tried)])
    lines = [table(["cases passed", *(_as_asterisk(peer) for peer in tried)], rows), ""]
    for peer in tried:
        failures = [case for case in reports[peer.name]["cases"] if case["result"] == "fail"]
        died = "" if reports[peer.name]["survived"] else "; its process ended meanwhile"
        if not failures:
            lines.append(f"- {_as_asterisk(peer)}: passed all{died}.")
            continue
        lines.append(f"- {_as_asterisk(peer)}{died}:")
        reasons = dict.fromkeys(case["reason"] for case in failures)
        for reason in reasons:
            alike = ", ".join(f"`{case['name']}`" for case in failures if case["reason"] == reason)
            lines.append(f"  - {alike}: {reason}")
    for peer in PEERS:
        if "failed" in reports.get(peer.name, {}):
            why = re.sub(r"^error: [0-9.:]+ ", "", reports[peer.name]["failed"].splitlines()[0])
            lines.append(f"- {_as_asterisk(peer)}: {why}.")
    return "\n".join(lines)


def _as_asterisk(peer: Peer) -> str:
    """The hostile peers all speak Asterisk's framing."""
    return peer.label.replace(", in its own framing", "")


def spacing(results: Results) -> str | None:
    rows = []
    for calls in results.counts(PACED[:2]):
        for peer in PACED:
            load = results.load(peer.name, calls)
            within = load.median("spacing_us.within_2_ms")
            if within is not None:
                quantiles = [milliseconds(load.median(f"spacing_us.{key}")) for key in ("p50", "p99", "max")]
                cpu = load.median("server.cpu_us_per_frame")
                rows.append([str(calls), whole_label(peer), f"{within:.2%}", *quantiles, f"{cpu:.1f} µs", milliseconds(load.median("own_busy_us.p99"))])
    head = ["calls", "server", "within 2 ms of 20 ms", "p50", "p99", "max", "CPU per frame", "generator busy, p99"]
    return table(head, rows, names=2) if rows else None


def isolation(results: Results) -> str | None:
    """From benches/isolation: the same calls while everybody behaves, and while others misbehave."""
    path = results.folder / "isolation/isolation.json"
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    rows = []
    for what, key in (("turn-around of echoed calls", "turn_around_us"), ("spacing of played audio", "spacing_us")):
        for when, half in (("all behave", "before"), ("others misbehave", "during")):
            figures = found[key][half]
            rows.append([what, when, f"{figures['count']:,}", *(milliseconds(figures[q]) for q in ("p50", "p90", "p99", "p999", "max"))])
    calls, path_counts = found["calls"], found["media_path"]
    text = (
        f"{calls['echoed']} echoed calls and {calls['played']} that play, beside {calls['misbehaving']} that misbehave, for {found['seconds']} s each: "
        f"{found['frames_lost']} frames lost, {found['frames_dropped']} dropped, "
        f"{path_counts['allocations']} allocations and {path_counts['frees']} frees on the media path."
    )
    head = ["", "while", "frames", "p50", "p90", "p99", "p99.9", "max"]
    plot = "\n\n![Turn-around while all behave and while others misbehave](plots/isolation.svg)" if path.with_suffix(".svg").exists() else ""
    return f"{table(head, rows, names=2)}\n\n{text}{plot}"


def memory(results: Results) -> str | None:
    """What a process grew by, at every number of calls."""
    counts = results.counts(PEERS)
    rows = []
    for peer in PEERS:
        cells, any_of_them = [], False
        for calls in counts:
            per_call = results.load(peer.name, calls).median("server.rss_bytes_per_call")
            cells.append(NOTHING if per_call is None else f"{per_call / 1024:.0f} KiB")
            any_of_them |= per_call is not None
        before = results.load(peer.name).median("server.rss_before_bytes")
        if any_of_them:
            rows.append([peer.label, f"{before / 2**20:.0f} MiB", *cells])
    return table(["memory per call", "without calls", *(f"{calls} calls" for calls in counts)], rows) if rows else None


def server(results: Results) -> str | None:
    """Ours beside the bare echo, with the limits that we set ourselves."""
    rows = []
    for calls in results.counts(PEERS):
        ours, bare = results.load("voxtra", calls), results.load("bare-echo", calls)
        if not (ours.echoes and bare.echoes):
            continue
        row = [str(calls)]
        for path, form in {"server.cpu_us_per_frame": lambda us: f"{us:.1f} µs", "turn_around_us.p50": milliseconds, "turn_around_us.p99": milliseconds}.items():
            a, b = ours.median(path), bare.median(path)
            doubt = DOUBT if "turn_around" in path and (ours.is_generator_late or bare.is_generator_late) else ""
            row += [form(b) + doubt, form(a), f"**{a / b:.2f}**{doubt}"] if a and b else [NOTHING] * 3
        row += [*_losses(ours), f"{ours.median('server.cpu_share'):.0%}"]
        rows.append(row)
    head = ["calls", "CPU per frame: bare", "Voxtra", "ratio", "turn-around p50: bare", "Voxtra", "ratio", "p99: bare", "Voxtra", "ratio", "lost", "late", "of the core"]
    return table(head, rows, names=1) if rows else None


def conversation(results: Results) -> str | None:
    """How long the callers wait beyond the silence that ends their turn, from outside."""
    rows = []
    for calls in _conversations(results):
        for peer in CONVERSING:
            runs = _conversing(results, peer, calls)
            if not runs:
                continue
            label = [str(calls), peer.label]
            if all("failed" in run for run in runs):
                rows.append([*label, runs[0]["failed"].splitlines()[-1][:60], *[NOTHING] * 11])
                continue
            runs = [run for run in runs if "failed" not in run]
            turns = sum(run["turns"] for run in runs)
            odd = sum(run["unanswered"] + run["early"] for run in runs)
            cells = [f"{turns:,}", percent(odd / turns) if turns else NOTHING]
            for key in ("beyond", "deciding", "since_frame" if peer.name == "voxtra-agent" else "own"):
                cells += _quantiles(runs, key)
            cells += _quantiles(runs, "without_rhythm") if peer.name == "voxtra-agent" else [NOTHING] * 2
            cpu = statistics.median(run["server"]["cpu_ms_per_call_second"] for run in runs)
            memory = statistics.median(run["server"]["rss_bytes_per_call"] for run in runs)
            rows.append([*label, *cells, f"{cpu:.1f} ms", f"{memory / 1024:,.0f} KiB"])
    head = [
        "conversations", "agent", "turns", "failed", "beyond the silence: p50", "p99", "until decided: p50", "p99", "own part: p50", "p99",
        "without the rhythm: p50", "p99", "CPU a second", "memory",
    ]
    return table(head, rows, names=2) if rows else None


def conversation_steps(results: Results) -> str | None:
    """Where the own part of a turn goes, with 50 conversations."""
    counts = _conversations(results)
    if not counts:
        return None
    calls = max((count for count in counts if count <= 50), default=counts[0])
    steps = {
        "read": "the frame that ended the turn: sent → read",
        "to_model": "turn decided → model asked",
        "to_voice": "model's answer → voice asked",
        "to_frame": "voice's audio → first frame leaves",
        "to_caller": "→ the caller has it",
    }
    peers = [peer for peer in CONVERSING if any("failed" not in run for run in _conversing(results, peer, calls))]
    rows = []
    for key, label in steps.items():
        cells = []
        for peer in peers:
            # Others decide by a timer, not by a frame.
            theirs = key == "read" and peer.name != "voxtra-agent"
            cells += [NOTHING] * 2 if theirs else _quantiles(_conversing(results, peer, calls), key)
        rows.append([label, *cells])
    head = [f"with {calls} conversations"]
    for peer in peers:
        head += [f"{peer.label}: p50", "p99"]
    return table(head, rows) if peers else None


def _conversations(results: Results) -> list[int]:
    return sorted({run["calls"] for run in results.of("conversation")})


def _conversing(results: Results, peer: Peer, calls: int) -> list[dict]:
    return [run["report"] for run in results.of("conversation") if (run["server"], run["calls"]) == (peer.name, calls)]


def _quantiles(runs: list[dict], key: str) -> list[str]:
    """The median and the 99th percentile of all turns of all rounds."""
    values = sorted(times[key] for run in runs for times in run.get("times_us", []) if key in times)
    if not values:
        return [NOTHING] * 2
    return [milliseconds(values[min(len(values) - 1, int(len(values) * share))]) for share in (0.5, 0.99)]


def whole_label(peer: Peer) -> str:
    """Where the row above is not the server's other one."""
    main = next((other for other in PEERS if other.name == peer.folder), peer)
    return peer.label.replace("the same", main.label)


def milliseconds(us: float | None) -> str:
    if us is None:
        return NOTHING
    ms = us / 1000
    return f"{ms:.2f} ms" if ms < 10 else f"{ms:,.0f} ms"


def percent(share: float) -> str:
    """So that one frame in a million is not none."""
    if share == 0:
        return "0"
    return f"{share:.1%}" if share >= 0.01 else f"{share:.2%}" if share >= 0.0001 else "< 0.01%"


def table(head: list[str], rows: list[list[str]], names: int = 1) -> str:
    """The first columns are names, to the left; the others figures, to the right."""
    rule = "|" + "---|" * names + "---:|" * (len(head) - names)
    return "\n".join(["| " + " | ".join(head) + " |", rule, *("| " + " | ".join(row) + " |" for row in rows)])


def webhooks(results: Results) -> str | None:
    """How fast events reach a receiver: ours with a store on the disk, the peer's without one."""
    runs = results.of("webhooks")
    if not runs:
        return None

    def of(name: str, what: str, figure: str) -> float | None:
        found = [run["report"] for run in runs if run["server"] == name and run["what"] == what]
        values = [report.get(figure, report["figures"].get(figure)) for report in found]
        return statistics.median(value for value in values) if values else None

    ours, theirs = "voxtra-webhook", "python-voxtra"
    rate = [of(name, "sustained", "per_second") for name in (ours, theirs)]
    events = max(run["report"]["events"] for run in runs if run["what"] == "backlog") if of(ours, "backlog", "file_bytes") else None
    rows = [
        ["events a second, as many as there can be", *(f"{value:,.0f}" if value else NOTHING for value in rate),
         f"{rate[0] / rate[1]:.1f}" if all(rate) else NOTHING],
        *([f"event to receiver, one at a time, {figure[:3]}", *(_ms(of(name, "idle", figure)) for name in (ours, theirs)), NOTHING]
          for figure in ("p50_ms", "p99_ms")),
    ]
    if events:
        mebibytes = lambda figure: f"{of(ours, 'backlog', figure) / 2**20:,.0f} MiB"
        rows += [
            [f"accepted a second, {events:,} events and no receiver", f"{of(ours, 'backlog', 'accepted_per_second'):,.0f}", NOTHING, NOTHING],
            ["delivered a second, when it is up", f"{of(ours, 'backlog', 'drained_per_second'):,.0f}", NOTHING, NOTHING],
            ["most memory of the process in that time", mebibytes("peak_memory_bytes"), NOTHING, NOTHING],
            ["the file by then", mebibytes("file_bytes"), NOTHING, NOTHING],
        ]
    return table(["", "**`voxtra-webhook`**, on the disk first", "Python `voxtra`, no store", "times as many"], rows)


def _ms(value: float | None) -> str:
    return f"{value:.1f} ms" if value is not None else NOTHING
