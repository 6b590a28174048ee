#!/usr/bin/env python3
"""Prepares the sounds of the simulated calls (`cargo run --release -p voxtra-benches --bin barge_in`).

    benches/barge_in/sounds.py DIR

fetches packages from Debian and PyPI through apt-get and pip, unpacks them into DIR/packages, and writes DIR/sounds/KIND/N.wav:
8 kHz, 16 bit, mono; and DIR/codec, a mobile network's codec (AMR). Needs numpy, scipy and soundfile. The result is a function of the packages alone.

agent        prompts of one voice, at least 1.5 s of speech each
caller       sentences of other voices, at least 0.9 s
phrase       parts of the caller's turns, 0.5 to 4 s
word         the caller's short words, 150 to 450 ms, as backchannels
hum          "mm-hm" and "mm", made here
cough click  made here: coughs and throats being cleared; clicks, knocks, taps on a microphone
noise music stationary   what there is behind a caller, 30 s each
"""
import glob
import os
import shutil
import subprocess
import sys

import numpy as np
import soundfile as sf
from scipy.signal import butter, resample_poly, sosfilt

FS = 8000
FRAME = 160
DEBIAN = [
    "asterisk-core-sounds-en-wav", "asterisk-core-sounds-es-wav", "asterisk-moh-opsound-wav",
    "pocketsphinx-testdata", "lincity-ng-data", "libopencore-amrnb0",
]
NOT_SPEECH = (
    "silence", "beep", "tone", "ascending", "confbridge-join", "confbridge-leave", "dial", "ring", "sound", "monkey",
    "screech", "lots-o", "tt-", "hello-world-",
)


def fetch(where):
    """Packages, unpacked."""
    done = where + "/done"
    if os.path.exists(done) and open(done).read().split() == DEBIAN:
        return
    for part in ("deb", "whl", "ex"):
        os.makedirs(f"{where}/{part}", exist_ok=True)
    subprocess.run(["apt-get", "download", "-qq", *DEBIAN], cwd=where + "/deb", check=True)
    for package in glob.glob(where + "/deb/*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, where + "/ex"], check=True)
    pip = [sys.executable, "-m", "pip", "-q", "download", "--no-deps", "-d", where + "/whl", "livekit-agents"]
    subprocess.run(pip, check=True)
    for wheel in glob.glob(where + "/whl/livekit_agents*.whl"):
        subprocess.run(["unzip", "-qo", wheel, "livekit/agents/resources/*.ogg", "-d", where + "/ex"], check=True)
    with open(done, "w") as file:
        file.write(" ".join(DEBIAN))


def read(path):
    if path.endswith(".raw"):
        samples, rate = sf.read(path, format="RAW", subtype="PCM_16", samplerate=16000, channels=1)
    else:
        samples, rate = sf.read(path)
    if samples.ndim > 1:
        samples = samples.mean(1)
    if rate != FS:
        common = np.gcd(rate, FS)
        samples = resample_poly(samples, FS // common, rate // common)
    return (samples - samples.mean()).astype(np.float64)


def rms(samples):
    return np.sqrt((samples**2).mean() + 1e-20)


def speech_frames(samples):
    """Which 20 ms frames are speech: within 40 dB of the loudest, and 8 dB above the floor if there is one; holes up to 60 ms
    are filled, single frames dropped."""
    count = len(samples) // FRAME
    if count < 5:
        return np.zeros(count, bool)
    level = 10 * np.log10((samples[: count * FRAME].reshape(count, FRAME) ** 2).mean(1) + 1e-12)
    peak, floor = level.max(), np.percentile(level, 3)
    threshold = peak - 40
    if floor < peak - 25:
        threshold = max(threshold, floor + 8)
    speech = level > threshold
    for value, longest in ((False, 3), (True, 1)):
        runs = np.flatnonzero(np.diff(np.r_[0, (speech == value).astype(int), 0])).reshape(-1, 2)
        for start, end in runs:
            if start > 0 and end < count and end - start <= longest:
                speech[start:end] = not value
    return speech


def trimmed(path):
    """The speech of a recording, from its first frame of speech to its last, at an RMS of 0.05."""
    samples = read(path)
    speech = speech_frames(samples)
    places = np.flatnonzero(speech)
    if len(places) < 5:
        return None
    samples = samples[places[0] * FRAME : (places[-1] + 1) * FRAME]
    speech = speech[places[0] : places[-1] + 1]
    return 0.05 * samples / rms(samples[np.repeat(speech, FRAME)])


def prompts(folder):
    found = []
    for end in ("wav", "raw"):
        found += glob.glob(f"{folder}/**/*.{end}", recursive=True)
    return [p for p in sorted(found) if not any(word in os.path.basename(p) for word in NOT_SPEECH)]


def band(samples, low, high):
    return sosfilt(butter(2, [low, high], "band", fs=FS, output="sos"), samples)


def cough(rng):
    """A burst, then breath that dies away, with some voice in every second one; once or twice."""
    parts = []
    for _ in range(rng.integers(1, 3)):
        burst = rng.standard_normal(int(rng.uniform(0.025, 0.05) * FS))
        burst *= np.exp(-np.arange(len(burst)) / (0.015 * FS))
        breath = rng.standard_normal(int(rng.uniform(0.12, 0.25) * FS))
        time = np.arange(len(breath)) / FS
        if rng.random() < 0.5:
            pitch = rng.uniform(110, 240) * (1 - 0.8 * time)
            phase = np.cumsum(pitch) / FS + np.cumsum(rng.standard_normal(len(time))) * 0.02
            breath = 0.6 * breath + 1.5 * (2 * (phase % 1) - 1)
        breath *= 0.5 * np.exp(-time / rng.uniform(0.05, 0.1))
        parts += [band(np.r_[burst * 2, breath], rng.uniform(300, 500), rng.uniform(2000, 3300))]
        parts += [np.zeros(int(rng.uniform(0.1, 0.25) * FS))]
    return np.concatenate(parts[:-1])


def click(rng):
    kind = rng.integers(3)
    if kind == 0:  # a switch
        one = rng.standard_normal(int(rng.uniform(0.002, 0.008) * FS))
        return np.r_[one, np.zeros(int(rng.uniform(0.02, 0.06) * FS)), 0.5 * one]
    time = np.arange(int(rng.uniform(0.04, 0.09) * FS)) / FS
    if kind == 1:  # a knock on a table
        return np.sin(2 * np.pi * rng.uniform(150, 500) * time) * np.exp(-time / 0.015)
    return rng.standard_normal(len(time)) * np.exp(-time / 0.01)  # a tap


def hum(rng):
    """A nasal: harmonics that fall off at 12 dB an octave, the second syllable higher."""
    pitch = rng.uniform(95, 220)
    syllables = [1.0, rng.uniform(1.1, 1.35)] if rng.random() < 0.7 else [rng.uniform(0.9, 1.1)]
    parts = []
    for high in syllables:
        time = np.arange(int(rng.uniform(0.12, 0.18) * FS)) / FS
        phase = 2 * np.pi * np.cumsum(pitch * high * (1 + 0.05 * np.sin(5 * time))) / FS
        tone = sum(np.sin(k * phase) / k**2 for k in range(1, 12))
        parts += [tone * np.hanning(len(time)) ** 0.3, np.zeros(int(rng.uniform(0.03, 0.08) * FS))]
    return np.concatenate(parts[:-1])


def pieces(samples, seconds=30):
    """A long sound in pieces of that length; a short one goes round."""
    length = seconds * FS
    if len(samples) < length:
        samples = np.tile(samples, length // len(samples) + 1)
    return [samples[n : n + length] for n in range(0, min(len(samples) - length, 8 * length) + 1, length)]


def stationary(rng):
    count = 30 * FS
    white = rng.standard_normal(count)
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / FS), 20)
    pink, brown = (np.fft.irfft(np.fft.rfft(white) / frequency ** (k / 2), count) for k in (1, 2))
    time = np.arange(count) / FS
    mains = sum(np.sin(2 * np.pi * 50 * h * time) / h for h in range(1, 9))
    return [white, pink, brown, mains / rms(mains) + 0.5 * pink / rms(pink)]


def main():
    where = sys.argv[1]
    fetch(where + "/packages")
    ex = where + "/packages/ex"
    asterisk = ex + "/usr/share/asterisk/"
    livekit = ex + "/livekit/agents/resources/"
    lincity = ex + "/usr/share/games/lincity-ng/sounds/"
    sphinx = ex + "/usr/share/pocketsphinx/test/data/"
    os.makedirs(where + "/codec", exist_ok=True)
    shutil.copy(glob.glob(ex + "/usr/lib/*/libopencore-amrnb.so.0")[0], where + "/codec/libopencore-amrnb.so")
    rng = np.random.default_rng(20261125)

    agent = [trimmed(p) for p in prompts(asterisk + "sounds/en_US_f_Allison")]
    callers = []
    for folder in (asterisk + "sounds/es_MX_f_Allison", sphinx + "librivox", sphinx + "cards"):
        callers += [trimmed(p) for p in prompts(folder)]
    callers = [c for c in callers if c is not None]
    seconds = [len(c) / FS for c in callers]
    noise = [livekit + n + ".ogg" for n in ("office-ambience", "forest-ambience", "keyboard-typing")]
    for kind in ("Industry", "Market", "Harbor", "RailTrain"):
        noise += sorted(glob.glob(f"{lincity}{kind}*.wav"))
    music = sorted(glob.glob(asterisk + "moh/macroform*.wav"))
    kinds = {
        "agent": [a for a in agent if a is not None and len(a) >= 1.5 * FS],
        "caller": [c for c, s in zip(callers, seconds) if 0.9 <= s <= 6],
        "phrase": [c for c, s in zip(callers, seconds) if 0.5 <= s <= 4],
        "word": [c for c, s in zip(callers, seconds) if 0.15 <= s <= 0.45],
        "hum": [hum(rng) for _ in range(60)],
        "cough": [cough(rng) for _ in range(60)],
        "click": [click(rng) for _ in range(60)],
        "noise": [piece for p in noise for piece in pieces(read(p))],
        "music": [piece for p in music for piece in pieces(read(p))],
        "stationary": stationary(rng),
    }
    for kind, sounds in kinds.items():
        folder = f"{where}/sounds/{kind}"
        os.makedirs(folder, exist_ok=True)
        for n, sound in enumerate(sounds):
            sound = sound if kind in ("agent", "caller", "phrase", "word") else 0.05 * sound / rms(sound)
            whole = np.clip(np.round(sound * 32768), -32768, 32767).astype(np.int16)
            sf.write(f"{folder}/{n:04}.wav", whole, FS, subtype="PCM_16")
        print(f"{kind:<10} {len(sounds):4} sounds, {sum(map(len, sounds)) / FS:7.0f} s")


if __name__ == "__main__":
    main()
