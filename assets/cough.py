#!/usr/bin/env python3
"""Makes caller-cough.wav: two bursts of breath, each with a little voice in it, through a mouth that closes. Nobody coughed for it."""

import math
import random
import struct
import sys
import wave

RATE = 8_000


def burst(chance, seconds, pitch, loud):
    """The cords spring open, and breath with some rough voice in it dies away."""
    phase, samples = 0.0, []
    for n in range(int(seconds * RATE)):
        time = n / RATE
        phase += pitch * (1 - 0.9 * time) * (1 + 0.04 * chance.gauss(0, 1)) / RATE
        opening = 1.6 * math.exp(-time / 0.012)
        breath = chance.gauss(0, 1) * (opening + 0.55 * math.exp(-time / 0.07))
        voice = 0.7 * (2 * (phase % 1) - 1) * math.exp(-time / 0.05)
        samples.append(loud * min(1, n / 8) * (breath + voice))
    return samples


def resonance(samples, hertz, width):
    """A formant: two poles."""
    radius = math.exp(-math.pi * width / RATE)
    a1, a2 = 2 * radius * math.cos(2 * math.pi * hertz / RATE), -radius * radius
    before, earlier, out = 0.0, 0.0, []
    for sample in samples:
        before, earlier = sample + a1 * before + a2 * earlier, before
        out.append(before)
    return out


def main():
    chance = random.Random(7)
    pause = [0.0] * int(0.14 * RATE)
    dry = burst(chance, 0.26, 170, 1.0) + pause + burst(chance, 0.3, 140, 0.7)
    wet = [0.0] * len(dry)
    for hertz, width, gain in ((620, 160, 1.0), (1_350, 200, 0.6), (2_500, 300, 0.35)):
        formant = resonance(dry, hertz, width)
        loudest = max(map(abs, formant))
        wet = [w + gain * f / loudest for w, f in zip(wet, formant)]
    loudest = max(map(abs, wet))
    quiet = [0.0] * int(0.04 * RATE)
    samples = quiet + [0.45 * w / loudest for w in wet] + quiet
    with wave.open(sys.argv[1], "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(b"".join(struct.pack("<h", round(32_767 * s)) for s in samples))


main()
