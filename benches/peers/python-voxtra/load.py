#!/usr/bin/env python3
"""What `voxtra load` does, for a server whose frames have a header of their own.

It speaks the framing of the Python package voxtra (1 byte of kind, 3 of length; kind 0 is the id and 1 is audio), or with
`--framing asterisk` that of Asterisk, to compare this generator with `voxtra load` on one server. Same schedule, same meaning of every
figure, same keys in the JSON. It's Python: past some 300 calls it is the bottleneck itself, which `own_lateness_us` shows.

    benches/peers/python-voxtra/load.py 127.0.0.1:9092 --calls 100 --seconds 6 --watch PID
"""

import argparse
import json
import math
import os
import select
import socket
import struct
import sys
import time
import uuid

FRAME_NS = 20_000_000
DRAIN_NS = 1_000_000_000
PAYLOAD = 320
MARK = struct.Struct(">IIQ")  # call, number, a constant that no other payload has
MAGIC = 0x766F7874726131
FRAMINGS = {
    "own": (b"\x00\x00\x00\x10", b"\x01\x00\x01\x40", lambda h: int.from_bytes(h[1:4], "big"), 4, 0x01),
    "asterisk": (b"\x01\x00\x10", b"\x10\x01\x40", lambda h: int.from_bytes(h[1:3], "big"), 3, 0x10),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", metavar="ADDR", help="the server: host:port")
    parser.add_argument("--calls", type=int, default=100, metavar="N", help="calls at once [100]")
    parser.add_argument("--seconds", type=float, default=6, metavar="S", help="how long to measure [6]")
    parser.add_argument("--warm-up", type=float, default=2, metavar="S", help="all calls are up that long before [2]")
    parser.add_argument("--ramp", type=int, default=500, metavar="N", help="calls begun per second [500]")
    parser.add_argument("--watch", type=int, metavar="PID", help="the server's process: tell its CPU time and memory too")
    parser.add_argument("--framing", choices=FRAMINGS, default="own", help="how frames look on the wire [own]")
    parser.add_argument("--rate", type=int, choices=[8000], default=8000, help="samples per second [8000]")
    parser.add_argument("--json", action="store_true", help="accepted, because `voxtra load` has it: output is always JSON")
    return parser.parse_args()


class Call:
    __slots__ = ("socket", "received", "sent_at", "last_frame")

    def __init__(self, connection):
        self.socket = connection
        self.received = bytearray()
        self.sent_at = {}
        self.last_frame = None


def connect(args, hello):
    host, _, port = args.address.rpartition(":")
    calls, errors, poll = [], 0, select.epoll()
    for number in range(args.calls):
        began = time.monotonic()
        try:
            connection = socket.create_connection((host, int(port)), timeout=5)
        except OSError as error:
            errors += 1
            if errors > 8 and not calls:
                sys.exit(f"load.py: can't connect to {args.address}: {error}. Is the server running?")
            continue
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        connection.send(hello + uuid.uuid4().bytes)
        poll.register(connection, select.EPOLLIN | select.EPOLLRDHUP)
        calls.append(Call(connection))
        time.sleep(max(0.0, began + 1 / args.ramp - time.monotonic()))
    return calls, errors, poll


def usage(process):
    """CPU seconds and resident bytes of a process; the servers watched here have no children."""
    with open(f"/proc/{process}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")


def figures(values):
    if not values:
        return None
    values.sort()
    at = lambda share: round(values[min(len(values) - 1, math.ceil(share * len(values)) - 1)] / 1000, 1)
    return {"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999), "max": at(1),
            "mean": round(sum(values) / len(values) / 1000, 1)}


def main():
    args = arguments()
    hello, header, length_of, header_len, audio_kind = FRAMINGS[args.framing]
    before = usage(args.watch)[1] if args.watch else 0
    calls, connect_errors, poll = connect(args, hello)
    by_fd = {call.socket.fileno(): call for call in calls}
    filler = bytes(PAYLOAD - MARK.size)
    turn_around, spacing, lateness = [], [], []
    sent = echoed = late = received = disconnected = violations = 0
    now = time.monotonic_ns
    start = now() + FRAME_NS
    first = start + int(args.warm_up * 1e9)
    last = first + int(args.seconds * 1e9)
    up, slot, own_first, server_first, server_last = len(calls), 0, None, None, None

    def read(call):
        nonlocal echoed, late, received, violations
        try:
            chunk = call.socket.recv(16384)
        except BlockingIOError:
            return True
        except OSError:
            return False
        at = now()
        if not chunk:
            return False
        data = call.received
        data += chunk
        while len(data) >= header_len and len(data) >= (whole := header_len + length_of(data)):
            kind, payload = data[0], bytes(data[header_len:whole])
            del data[:whole]
            if kind != audio_kind:
                violations += 1
                continue
            measured = first <= at < last
            received += measured
            if measured and call.last_frame:
                spacing.append(at - call.last_frame)
            call.last_frame = at
            if len(payload) < MARK.size:
                continue
            _, number, magic = MARK.unpack_from(payload)
            began = call.sent_at.pop(number, None) if magic == MAGIC else None
            if began is not None and first <= began < last:
                echoed += 1
                late += at - began > FRAME_NS
                turn_around.append(at - began)
        return True

    def drop(call):
        nonlocal disconnected
        disconnected += 1
        del by_fd[call.socket.fileno()]
        call.socket.close()
        call.socket = None

    while by_fd:
        due = start + slot * FRAME_NS // up
        at = now()
        if own_first is None and at >= first:
            own_first, server_first = time.process_time(), args.watch and usage(args.watch)
        if due >= last:
            if server_last is None:
                own_last, server_last = time.process_time(), args.watch and usage(args.watch)
            if at >= last + DRAIN_NS:
                break
            due = last + DRAIN_NS
        written = 0
        while due <= at and due < last and written < 32:
            call = calls[slot % up]
            if call.socket:
                number = slot // up
                frame = header + MARK.pack(slot % up, number, MAGIC) + filler
                began = now()
                try:
                    whole = call.socket.send(frame) == len(frame)
                except OSError:
                    whole = False
                if not whole:
                    drop(call)
                else:
                    call.sent_at[number] = began
                    if first <= began < last:
                        sent += 1
                        lateness.append(began - due)
            slot += 1
            written += 1
            due = start + slot * FRAME_NS // up
            at = now()
        # select() sleeps to the microsecond, epoll's own wait to the millisecond: frames would
        # leave in bunches, which costs a server less.
        select.select([poll], [], [], max(0, due - now()) / 1e9)
        for fd, _ in poll.poll(0, 256):
            call = by_fd.get(fd)
            if call and not read(call):
                drop(call)
    if not turn_around and not sent:
        sys.exit("load.py: the server ended all calls before anything was measured")

    took = figures(turn_around)
    even = sum(abs(gap - FRAME_NS) <= 2_000_000 for gap in spacing)
    report = {
        "version": 1, "generator": "benches/peers/python-voxtra/load.py", "address": args.address,
        "calls": args.calls, "calls_up": up, "calls_up_at_end": len(by_fd), "connect_errors": connect_errors,
        "disconnected": {"total": disconnected}, "rate_hz": 8000, "seconds": args.seconds,
        "frames_sent": sent, "frames_received": received, "echoes": echoed > 0, "echoed": echoed,
        "lost": sent - echoed, "late": late, "violations": violations, "turn_around_us": took,
        "spacing_us": (figures(spacing) or {}) | {"within_2_ms": even / max(1, len(spacing))},
        "own_lateness_us": figures(lateness),
    }
    if server_first and server_last:
        cpu = server_last[0] - server_first[0]
        report["generator_cpu_share"] = round((own_last - own_first) / args.seconds, 3)
        report["generator_cpu_us_per_frame"] = round((own_last - own_first) * 1e6 / max(1, sent), 2)
        report["server"] = {
            "cpu_us_per_frame": round(cpu * 1e6 / max(1, sent), 2), "cpu_seconds": round(cpu, 3),
            "cpu_share": round(cpu / args.seconds, 3), "rss_before_bytes": before, "rss_bytes": server_last[1],
            "rss_bytes_per_call": max(0, server_last[1] - before) // max(1, up),
        }
    print(json.dumps(report))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
