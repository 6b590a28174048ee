#!/usr/bin/env python3
"""Writes fuzz/seeds/ and fuzz/dictionaries/ from what the project already holds: captured ARI messages, the starter
configuration, the catalogue of events; and from frames, signatures and WAV headers made here.
"""

import hashlib
import hmac
import json
import re
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUZZ = ROOT / "fuzz"
files: dict[Path, bytes] = {}


def seed(target: str, name: str, data: bytes) -> None:
    files[FUZZ / "seeds" / target / name] = data


def dictionary(target: str, words: set[str]) -> None:
    escaped = (word.replace("\\", "\\\\").replace('"', '\\"') for word in sorted(words))
    text = "".join(f'"{word}"\n' for word in escaped)
    files[FUZZ / "dictionaries" / f"{target}.dict"] = text.encode()


# --- AudioSocket ---------------------------------------------------------------------------------

def frame(kind: int, payload: bytes = b"") -> bytes:
    return struct.pack(">BH", kind, len(payload)) + payload


def tone(samples: int) -> bytes:
    return b"".join(struct.pack("<h", (n * 997) % 20_000 - 10_000) for n in range(samples))


ID = bytes.fromhex("40325ec25efd4bd3805f53576e581d13")


def decode() -> None:
    def stream(name: str, *frames: bytes, cuts: bytes = b"") -> None:
        seed("decode", name, bytes([len(cuts)]) + cuts + b"".join(frames))

    stream("call", frame(1, ID), frame(0x10, tone(160)), frame(3, b"5"), frame(0x10, tone(160)), frame(0))
    stream("cut", frame(1, ID), frame(0x12, tone(320)), frame(3, b"#"), cuts=bytes([0, 1, 6, 200]))
    stream("ulaw", frame(0x10, bytes(range(160))), frame(0xFF, b"\x02"), frame(0xFF))
    stream("long", frame(0x16, tone(1_000)), frame(0x42, bytes(20)))
    stream("wrong", frame(0, b"x"), frame(1, b"short"), frame(3, b"xy"), frame(3, b"e"), frame(0x10),
           frame(0xFF, b"12"), frame(3, b"1"), cuts=bytes([2]))
    stream("cut-off", frame(0x10, tone(160))[:100])


# --- sessions: see voxtra-core/src/leg/fuzz/operation.rs -----------------------------------------

def session() -> None:
    def run(frames: int) -> bytes:
        return bytes([2, frames])

    def speak(level: int, frames: int, bunched: bool = False) -> bytes:
        return bytes([5, level, frames | bunched << 7])

    def say(samples: int, chunk: int = 7, whole: bool = True) -> bytes:
        return bytes([13]) + struct.pack("<H", samples) + bytes([chunk << 1 | (not whole)])

    def go_on(samples: int, end: bool) -> bytes:
        return bytes([15]) + struct.pack("<H", samples) + bytes([7 << 1 | (not end)])

    def frame_of(kind: int, length: int, fill: int = 5) -> bytes:
        return bytes([8, kind]) + struct.pack("<H", length) + bytes([fill])

    quiet, flush, hangup = speak(0, 30), bytes([17, 0]), bytes([12])
    settings = bytes([0, 0])
    seed("session", "greeting", settings + quiet + say(3_000) + run(30) + bytes([22]) + hangup)
    seed("session", "conversation", settings + quiet + speak(200, 40) + quiet + say(2_000) + speak(0, 40) + speak(220, 20)
         + quiet + quiet + hangup)
    seed("session", "barge-in", settings + quiet + say(4_000) + say(4_000) + speak(0, 5) + speak(250, 25) + quiet)
    seed("session", "flush", settings + say(4_000) + run(3) + flush + run(2) + say(500) + run(5) + bytes([17, 1]) + run(3))
    seed("session", "stammer", settings + say(200, whole=False) + run(3) + go_on(100, False) + run(2) + go_on(0, True)
         + run(2) + say(100, whole=False) + say(100) + run(4))
    seed("session", "echo", bytes([4, 0]) + speak(100, 20) + bytes([10, 5]) + bytes([0, 250]) * 3 + run(30) + hangup)
    seed("session", "keys", bytes([0, 0]) + quiet + bytes([28, 5, 10, 5, 28, 5, 28, 9]) + run(5) + hangup)
    seed("session", "hold", settings + quiet + say(4_000) + run(5) + bytes([27, 1]) + speak(250, 25) + flush + say(900)
         + run(20) + bytes([27, 0]) + run(60) + hangup)
    seed("session", "rates", settings + frame_of(0x12, 640) + frame_of(0x10, 320) + frame_of(0x12, 641) + run(3))
    seed("session", "wrong", settings + bytes([11, 10, 3]) + frame_of(0x10, 0) + frame_of(0x10, 160) + frame_of(0x10, 9_001)
         + frame_of(0xFF, 1) + frame_of(0x42, 9) + bytes([9, 4, 3, 0, 1, 49]) + frame_of(0, 3))
    seed("session", "busy", bytes([0x50, 0x3B]) + speak(0, 50, True) + bytes([0, 130]) + speak(240, 20, True) + run(1)
         + bytes([24, 3]) + run(5) + bytes([23, 3]) + bytes([1, 0, 0, 1, 0]) + run(60) + bytes([25]) + run(1))
    seed("session", "unruly", bytes([0, 0x80]) + bytes([16, 0, 1, 200, 0, 90, 0, 1]) + run(3)
         + bytes([16, 1, 1, 9, 0, 9, 0, 3]) + bytes([16, 0, 2, 50, 0, 50, 0, 2]) + run(4) + flush + run(3))
    seed("session", "listening", bytes([0x18, 0]) + quiet + speak(230, 30) + quiet + bytes([18, 1, 21, 0]) + speak(230, 30))


# --- JSON ----------------------------------------------------------------------------------------

VALUES = {"String": '"+265 \\"x\\""', "u32": "16000", "u64": "1480", "f64": "12.5", "f32": "0.5", "bool": "true",
          "Option<u64>": "640", "char": '"#"', "Vec<ToolCall>": '[{"id":"c1","name":"balance","arguments":"{}"}]',
          "Option<String>": '"a call"', "Option<Cost>": '{"micros":57,"currency":"USD"}',
          "Vec<TranscriptEntry>": '[{"at_ms":120,"kind":"tool","text":"7","name":"balance","arguments":"{}","took_ms":80},'
                                  '{"at_ms":240,"kind":"agent","text":"You","cut":true,"left_out":9}]',
          "Vec<ProviderUsage>": '[{"provider":"openai","role":"language_model","requests":1,"untold":0,"input_tokens":30,'
                                '"cached_tokens":0,"output_tokens":2,"heard_ms":0,"spoken_ms":0,"characters":0}]'}


def catalogue() -> dict[str, list[tuple[str, str]]]:
    text = (ROOT / "voxtra-core/src/event/catalogue.rs").read_text()
    text = re.sub(r"///.*", "", text[text.index("catalogue {"):])
    events = {}
    for wire, body in re.findall(r"([a-z_.]+) \{([^{}]*)\}", text):
        fields = re.findall(r"(\w+): ([^,]+),", body)
        # A field that older events lack has a default behind its type.
        types = [(name, ty.split("=")[0].strip()) for name, ty in fields]
        events[wire] = [(name, VALUES.get(ty, json.dumps(ty.split("|")[0].strip()))) for name, ty in types]
    return events


def event_json() -> None:
    envelope = ('{"id":"8a91c0d2f4e64b0f9d5f6a7b8c9d0e1f","type":"%s","session_id":"1762155.12",'
                '"timestamp":"2026-05-04T08:31:21.512Z","data":%s}')
    words = {"\\u0000", "1e39", "-1", "18446744073709551616", "null", "9999-12-31T23:59:59.9999Z", "+24:00", "id", "type",
             "session_id", "timestamp", "data", "tool_calls", "arguments", "name"}
    for wire, fields in catalogue().items():
        data = "{" + ",".join(f'"{name}":{value}' for name, value in fields) + "}"
        words |= {wire} | {name for name, _ in fields}
        if fields:
            seed("event_json", wire, (envelope % (wire, data)).encode())
    seed("event_json", "barge_in", (envelope % ("barge_in", "{}")).encode())
    seed("event_json", "user", (envelope % ("payment.confirmed", '{"amount_cents": 4711, "a": [1e400, null]}')).encode())
    for n in (0, 5, 12, 15, 25):
        seed("event_json", f"fields-{n}", bytes([n]) + bytes(range(1, 60)))
    dictionary("event_json", words)


def ari() -> None:
    fixtures = ROOT / "voxtra-ari/src/fixtures"
    words = set()
    seen: dict[str, int] = {}
    for line in (fixtures / "events.jsonl").read_text().splitlines():
        kind = json.loads(line)["type"]
        seen[kind] = seen.get(kind, 0) + 1
        words |= set(re.findall(r'"(\w+)":', line)) | {kind}
        if seen[kind] == 1:
            seed("ari", kind, line.encode())
    modules = json.loads((fixtures / "modules.json").read_text())
    seed("ari", "modules", json.dumps(modules[:3]).encode())
    seed("ari", "info", (fixtures / "info.json").read_bytes())
    seed("ari", "channels", b'[{"id":"1.2","name":"PJSIP/200-1","state":"Up","caller":{"name":"","number":"200"}}]')
    seed("ari", "bridges", b'[{"id":"b","technology":"softmix","bridge_type":"mixing","channels":["1.2"]}]')
    seed("ari", "playback", b'{"id":"p","media_uri":"sound:x","target_uri":"channel:1.2","state":"done"}')
    seed("ari", "refusal", b'{"message":"Channel not found"}')
    seed("ari", "id", b"..%2f1.2?x#y")
    dictionary("ari", words | {"..", "%2e", "channel:", "null", "Ringing", "playing"})


# --- the rest ------------------------------------------------------------------------------------

def config() -> None:
    starter = (ROOT / "voxtra-rt/src/config/starter.toml").read_text()
    examples = [line[1:] if re.match(r"#[^ ]", line) else line for line in starter.splitlines()]
    plain = [line.split(" # ")[0] for line in examples if line and not line.startswith("#")]
    text = "\n".join(plain) + "\n"
    seed("config", "starter", text.encode())
    for n, section in enumerate(re.split(r"\n(?=\[)", text)):
        seed("config", f"section-{n:02}", section.encode())
    seed("config", "agent", (ROOT / "voxtra-rt/src/config/agent.toml").read_bytes())
    seed("config", "environment", b'[media]\nlisten = "127.0.0.1:${PORT}"\nthreads = "${NONE:-2}"\nadvertise = "$${x"\n')
    seed("config", "wrong", b'nonsense\n[medai]\nlisten = 5\n[[webhook]]\nurl = "ftp://x"\n[turn]\nstart_threshold = nan\n')
    keys, values = re.findall(r"\b([a-z_]{4,})(?= =|[\].])", text), re.findall(r'"([a-z_]{2,20})"', text)
    # Some are values that the file does not show, some the older names of keys.
    more = {"true", "backchannels", "interruptions", "tick_load", "tick_ms", "refuse", "http", "https"}
    words = {*keys, *values} | more | {"${PORT}", "${EMPTY}", "${QUOTE}", "${ON}", "$${", '"""', "'''", "nan", "inf",
                                                   "0x1", "1_0", "[[webhook]]", "[[route]]", "[[prompt]]", "[[audiosocket]]"}
    dictionary("config", words)


def webhook() -> None:
    def case(name: str, secret: bytes, header: bytes, body: bytes) -> None:
        seed("webhook", name, bytes([len(secret)]) + secret + bytes([len(header)]) + header + body)

    body = b'{"type":"call.started","data":{}}'
    sign = lambda secret: hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
    case("good", b"s3cret", sign(b"s3cret"), body)
    case("upper-case", b"s3cret", sign(b"s3cret").upper(), body)
    case("wrong", b"s3cret", sign(b"other"), body)
    case("long-secret", b"k" * 100, sign(b"k" * 100), body)
    case("retry-after", b"", b"120", b"\x00\x91")
    case("retry-after-date", b"", b"Wed, 21 Oct 2026 07:28:00 GMT", b"\x01\x93")
    case("empty", b"", b"", b"")


def wav() -> None:
    def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
        padding = b"\0" * (len(body) % 2)
        return name + struct.pack("<I", len(body) if size is None else size) + body + padding

    def fmt(tag: int, channels: int, rate: int, bits: int, more: bytes = b"") -> bytes:
        block = channels * bits // 8
        return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits) + more)

    def case(name: str, *chunks: bytes, cuts: bytes = b"") -> None:
        body = b"WAVE" + b"".join(chunks)
        seed("wav", name, bytes([len(cuts)]) + cuts + b"RIFF" + struct.pack("<I", len(body)) + body)

    guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    case("pcm16", fmt(1, 1, 8_000, 16), chunk(b"data", tone(20)))
    case("cut", fmt(1, 1, 16_000, 16), chunk(b"LIST", b"INFOx"), chunk(b"data", tone(20)), cuts=bytes([0, 6, 2]))
    case("stereo8", fmt(1, 2, 8_000, 8), chunk(b"data", bytes(range(41))))
    case("extensible24", fmt(0xFFFE, 1, 48_000, 24, struct.pack("<HHI", 22, 24, 4) + guid), chunk(b"data", bytes(range(30))))
    case("float32", fmt(3, 1, 22_050, 32), chunk(b"data", struct.pack("<5f", 0, 0.5, -1, 2, float("nan"))))
    case("float64", fmt(3, 1, 8_000, 64), chunk(b"data", struct.pack("<2d", 0.25, -3)))
    case("pipe", fmt(1, 1, 22_050, 16), chunk(b"data", tone(9), size=0x7FFFF000))
    case("ulaw", fmt(7, 1, 8_000, 8), chunk(b"data", bytes(9)))
    case("short", fmt(1, 1, 8_000, 16), chunk(b"data", tone(3), size=100))


def macro() -> None:
    for name in sorted([*ROOT.glob("tests/hygiene/mistakes/tests/compile_fail/*.rs"), *ROOT.glob("voxtra-core/tests/compile_fail/*.rs")]):
        text = name.read_text()
        inside = re.search(r"voxtra! \{\n(.*)\n\}", text, re.S)
        if inside and len(inside[1]) < 2_500:
            seed("macro", name.stem, inside[1].encode())
    golden = (ROOT / "voxtra-macros/src/golden.rs").read_text()
    for n, inside in enumerate(re.findall(r"quote! \{\n(.*?)\n    \}", golden, re.S)):
        seed("macro", f"golden-{n}", inside.encode())
    dictionary("macro", {"events", "session", "route", "state", "on", "extension", "number", "prefix", "default", "@realtime", "step", "enter",
                         "goto", "after", "every", "of", "user.silence", "interrupt", "catch", "hangup", "any", "10s", "use", "crate",
                         "call.started", "dtmf.received", "u64", "Text<8>", "Option<Duration>", "///", "if", "=>", "|", "::"})


for write in (decode, session, event_json, ari, config, webhook, wav, macro):
    write()
for folder in ("seeds", "dictionaries"):
    for path in (FUZZ / folder).rglob("*"):
        # What the fuzzers found is kept by hand, in seeds/TARGET/found-*.
        if path.is_file() and path not in files and not path.name.startswith("found-"):
            path.unlink()
for path, data in files.items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
print(f"{len(files)} files, {sum(map(len, files.values()))} bytes")
