"""What the detector hears in a frame: the reference of voxtra-core/src/vad/telephone/features.rs.

64 numbers per 20 ms frame at 8 kHz, from the last 32 ms (spectrum) and 40 ms (pitch). No look-ahead. The two implementations
agree to about 1e-5; `check.py` and a test of voxtra-core compare their probabilities.
"""
import numpy as np
from numba import njit

RATE, FRAME, WINDOW = 8000, 160, 256
BANDS, FEATURES = 24, 64
LOW_HZ, HIGH_HZ = 100.0, 3900.0
# Bins of 31.25 Hz that are looked at one by one: 125 to 3375 Hz, in the parts [4, 32), [32, 64), [64, 108).
FINE = (4, 32, 64, 108)
SILENCE = 2000.0          # added to a band's energy: about -80 dBFS
LAGS = (8, 64)            # of the autocorrelation at 4 kHz: 500 to 63 Hz
PITCH_SPAN, PITCH_PART = 160, 96


def mel_bank():
    """Triangles on the mel scale, 2595 log10(1 + f / 700), each from its neighbours' middles to its own: [BANDS, 129]."""
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    bins = mel(np.arange(WINDOW // 2 + 1) * RATE / WINDOW)
    place = (bins - mel(LOW_HZ)) / (mel(HIGH_HZ) - mel(LOW_HZ)) * (BANDS + 1)
    return np.maximum(0, 1 - np.abs(place - np.arange(1, BANDS + 1)[:, None])).astype(np.float32)


HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
MEL = mel_bank()


def power(samples):
    """Power spectrum of each frame, [frames, 129]; 96 samples before the first count as silence."""
    n = len(samples) // FRAME
    x = np.zeros(WINDOW - FRAME + n * FRAME, np.float32)
    x[WINDOW - FRAME:] = samples[:n * FRAME]
    frames = np.lib.stride_tricks.sliding_window_view(x, WINDOW)[::FRAME]
    z = np.fft.rfft(frames * HANN, axis=1)
    return (z.real ** 2 + z.imag ** 2).astype(np.float32)


@njit(cache=True, fastmath=False)
def pitch(past):
    """Best normalised autocorrelation, squared with its sign, and its lag over the last 40 ms, which are 160 samples at 4 kHz."""
    n = len(past)
    mean = 0
    for v in past:
        mean += v
    mean = mean // n
    a = np.empty(n, np.int64)
    top = 0
    for i in range(n):
        a[i] = past[i] - mean
        top = max(top, abs(a[i]))
    shift = 0
    while (top >> shift) >= 4096:
        shift += 1
    for i in range(n):
        a[i] >>= shift
    first = n - PITCH_PART
    e0 = 0
    # Pairs of products are halved before they are added, as an instruction of many processors likes it.
    for i in range(first, n, 2):
        e0 += (a[i] * a[i] + a[i + 1] * a[i + 1]) >> 1
    et = 0
    for i in range(first - LAGS[0], n - LAGS[0]):
        et += a[i] * a[i]
    best, best_lag, best_rank = np.float32(0), LAGS[0], np.float32(-1)
    for lag in range(LAGS[0], LAGS[1]):
        s = 0
        for i in range(first, n, 2):
            s += (a[i] * a[i - lag] + a[i + 1] * a[i + 1 - lag]) >> 1
        # Squared, for want of a root: only the order matters, and a network doesn't mind.
        v = np.float32(s) * np.abs(np.float32(s)) / (np.float32(e0) * np.float32(et >> 1) + np.float32(1e4))
        rank = v - np.float32(0.001) * np.float32(lag)
        if rank > best_rank:
            best, best_lag, best_rank = v, lag, rank
        if lag + 1 < LAGS[1]:
            et += a[first - lag - 1] ** 2 - a[n - 1 - lag] ** 2
    return best, best_lag


@njit(cache=True, fastmath=False)
def sequence(x, P, B):
    """Features of a call: x int16 [frames * 160], P power [frames, 129], B log2 of the bands [frames, 24]."""
    frames = len(P)
    out = np.zeros((frames, FEATURES), np.float32)
    floor = np.zeros(BANDS, np.float32)
    past = np.zeros(PITCH_SPAN, np.int64)
    mags = np.zeros((4, FINE[3] - FINE[0]), np.float32)
    powers = np.zeros((4, 2), np.float32)
    last = 0
    holes = 0
    peak = np.float32(0)
    average = np.float32(0)
    motion = np.float32(0)
    before = np.float32(0)
    lag_before = np.float32(0)
    for t in range(frames):
        o = out[t]
        f = x[t * FRAME:(t + 1) * FRAME]
        zeros = 0
        for v in f:
            zeros += v == 0
        hole = zeros >= 40
        holes = min(holes + 1, 250) if hole else 0
        L = B[t]
        level = np.float32(0)
        for b in range(BANDS):
            level += L[b]
        level = level / np.float32(BANDS)
        if t == 0:
            floor[:] = L
            peak = level
            average = level
            before = level
        floor_level = np.float32(0)
        for b in range(BANDS):
            d = L[b] - floor[b]
            o[b] = L[b] - level
            o[BANDS + b] = d
            floor_level += floor[b]
        floor_level = floor_level / np.float32(BANDS)
        # What lies in a hole says nothing about the noise, unless the hole stays.
        if not hole or holes > 5:
            for b in range(BANDS):
                d = L[b] - floor[b]
                floor[b] += np.float32(0.25) * d if d < 0 else min(np.float32(0.02), np.float32(0.05) * d)
        peak = max(level, peak - np.float32(0.01))
        o[48] = level
        o[49] = level - peak
        o[50] = peak - floor_level
        o[51] = level - average
        average += np.float32(0.02) * (level - average)
        motion += np.float32(0.04) * (abs(level - before) - motion)
        before = level
        o[52] = motion
        # How much of a part of the spectrum is in few bins: sum of squares over square of sum.
        for k in range(3):
            s1 = np.float32(1e3)
            s2 = np.float32(1e5)
            for i in range(FINE[k], FINE[k + 1]):
                v = P[t, i]
                s1 += v
                s2 += v * v
            o[53 + k] = s2 / (s1 * s1)
        # How like the spectra of 20 and 60 ms ago it is: cosines of magnitudes, below and above 1 kHz.
        m = mags[t % 4]
        for i in range(FINE[0], FINE[3]):
            m[i - FINE[0]] = np.sqrt(P[t, i])
        e = powers[t % 4]
        for part in range(2):
            s = np.float32(1e3)
            for i in range(FINE[part], FINE[1] if part == 0 else FINE[3]):
                s += P[t, i]
            e[part] = s
        for k in range(2):
            back = (t + (3 if k == 0 else 1)) % 4   # one frame, then three frames back
            w = mags[back]
            for part in range(2):
                s = np.float32(0)
                for i in range(FINE[part] - FINE[0], (FINE[1] if part == 0 else FINE[3]) - FINE[0]):
                    s += m[i] * w[i]
                o[56 + 2 * k + part] = s / np.sqrt(e[part] * powers[back, part] + np.float32(1.0))
        # The last 40 ms at half the rate.
        past[:PITCH_SPAN - FRAME // 2] = past[FRAME // 2:]
        for i in range(FRAME // 2):
            a, b2, c = last if i == 0 else int(f[2 * i - 1]), int(f[2 * i]), int(f[2 * i + 1])
            past[PITCH_SPAN - FRAME // 2 + i] = (a + 2 * b2 + c) >> 2
        last = int(f[FRAME - 1])
        r, lag = pitch(past)
        lag2 = np.log2(np.float32(lag))
        o[60] = r
        o[61] = lag2
        o[62] = min(abs(lag2 - lag_before), np.float32(1))
        lag_before = lag2
        o[63] = np.float32(zeros) / np.float32(FRAME)
    return out


def features(samples):
    """[frames, 64] float32 of int16 samples."""
    P = power(samples)
    B = np.log2(P @ MEL.T + np.float32(SILENCE)).astype(np.float32)
    return sequence(np.ascontiguousarray(samples[:len(P) * FRAME]), P, B)
