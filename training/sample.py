"""Writes the sample that voxtra-core's tests hear: 12 s of samples (s16, 8 kHz), and what the detector must say of each frame (f32).

    sample.py NETWORK.pt TREE

A synthesised voice (flite), music and tones of our own making, a lost packet, direct current, a loud and a quiet part.
"""
import sys

import numpy as np

import calls
import export
import features
import sources
import synthetic

PLACE = "voxtra-core/tests/telephone"


def audio():
    rng = np.random.default_rng(5)
    voice = np.concatenate(sources.spoken("flite", "kal")[:4]) / 32768
    n = 12 * calls.RATE
    x = np.zeros(n)
    speech = voice[:5 * calls.RATE]
    x[calls.RATE:calls.RATE + len(speech)] += speech / synthetic.rms(speech) * 0.08
    x[10 * calls.RATE:11 * calls.RATE] += voice[:calls.RATE] / synthetic.rms(voice[:calls.RATE]) * 0.01
    for begin, end, level, noise in ((3, 6, 0.02, synthetic.steady), (6, 8, 0.08, synthetic.music), (8, 10, 0.1, synthetic.tones), (9, 12, 0.003, synthetic.wind)):
        z = noise((end - begin) * calls.RATE, rng)
        x[begin * calls.RATE:end * calls.RATE] += z / synthetic.rms(z) * level
    x = x + synthetic.coloured(n, rng, 1) * 0.0005
    x[5 * calls.RATE:5 * calls.RATE + 320] = 0
    x[11 * calls.RATE:] += 0.02
    return np.clip(np.round(calls.ulaw(np.clip(x, -0.99, 0.99)) * 32768), -32768, 32767).astype("<i2")


if __name__ == "__main__":
    _, net, tree = sys.argv
    x = audio()
    p = export.table_of(net).probabilities(features.features(x))
    x.tofile(f"{tree}/{PLACE}/sample.s16")
    p.astype("<f4").tofile(f"{tree}/{PLACE}/sample.probabilities")
    print(f"{len(p)} frames, {(p > 0.5).mean():.2f} of them speech")
