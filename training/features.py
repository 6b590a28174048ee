"""What the detector hears in a frame: the reference of voxtra-core/src/vad/telephone/features.rs.

64 numbers per 20 ms frame at 8 kHz, from the last 32 ms (spectrum) and 40 ms (pitch). No look-ahead. Both do the same operations
in the same order, so that they agree to the bit; a test of voxtra-core compares their probabilities.
"""
import numpy as np
from numba import njit

RATE, FRAME, WINDOW = 8000, 160, 256
BANDS, FEATURES = 24, 64
LOW_HZ, HIGH_HZ = 100.0, 3900.0
# Bins of 31.25 Hz that are looked at one by one: 125 to 3375 Hz, in the parts [4, 32), [32, 64),
# [64, 108).
FINE = (4, 32, 64, 108)
SILENCE = 2000.0          # added to a band's energy: about -80 dBFS
LAGS = (8, 64)            # of the autocorrelation at 4 kHz: 500 to 63 Hz
PITCH_SPAN, PITCH_PART = 160, 96


@njit(cache=True, fastmath=False)
def log2(x):
    """curves.rs: the exponent, and a series for the rest."""
    bits = np.int64(np.float32(x).view(np.int32)) - 0x3f3504f3
    m = np.int32((bits & 0x007fffff) + 0x3f3504f3).view(np.float32)
    t = (m - np.float32(1)) / (m + np.float32(1))
    s = t * t
    series = np.float32(1) + s * (np.float32(1 / 3) + s * (np.float32(0.2) + s * np.float32(1 / 7)))
    return np.float32(bits >> 23) + t * (np.float32(2 / np.log(2)) * series)


@njit(cache=True, fastmath=False)
def sqrt(x):
    """curves.rs: a first guess of the inverse, and two of Newton's steps."""
    y = np.int32(0x5f3759df - (np.int64(np.float32(x).view(np.int32)) >> 1)).view(np.float32)
    for _ in range(2):
        y *= np.float32(1.5) - np.float32(0.5) * x * y * y
    return x * y


@njit(cache=True, fastmath=False)
def total(values):
    """In four lanes, as features.rs adds up."""
    sums = np.zeros(4, np.float32)
    for i in range(len(values)):
        sums[i % 4] += values[i]
    return ((sums[0] + sums[1]) + sums[2]) + sums[3]


def mel_bank():
    """Triangles on the mel scale, 2595 log10(1 + f / 700), each from its neighbours' middles to its own: [BANDS, 129]."""
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    bins = mel(np.arange(WINDOW // 2 + 1) * RATE / WINDOW)
    place = (bins - mel(LOW_HZ)) / (mel(HIGH_HZ) - mel(LOW_HZ)) * (BANDS + 1)
    return np.maximum(0, 1 - np.abs(place - np.arange(1, BANDS + 1)[:, None])).astype(np.float32)


HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
MEL = mel_bank()


def power(samples):
    """Power spectrum of each frame, [frames, 129]; 96 samples before the first count as silence. The last bin is not of use."""
    n = len(samples) // FRAME
    x = np.zeros(WINDOW - FRAME + n * FRAME, np.float32)
    x[WINDOW - FRAME:] = samples[:n * FRAME]
    return spectra(np.lib.stride_tricks.sliding_window_view(x, WINDOW)[::FRAME] * HANN)


def turns(n):
    """exp(-2 pi i k / n) for k below n, as two rows."""
    angles = 2 * np.pi * np.arange(n) / n
    return np.stack([np.cos(angles), -np.sin(angles)]).astype(np.float32)


TURNS, HALF_TURNS = turns(WINDOW // 2), turns(WINDOW)


@njit(cache=True, fastmath=False)
def spectra(frames):
    """The transform of spectrum.rs, operation by operation in 32 bits: beside a loud tone, what is left of the faint bins is rounding."""
    N = WINDOW // 2
    out = np.zeros((len(frames), N + 1), np.float32)
    z, w = np.zeros((2, N), np.float32), np.zeros((2, N), np.float32)
    for t in range(len(frames)):
        z[0], z[1] = frames[t, ::2], frames[t, 1::2]
        for s in (1, 4, 16):
            m = N // 4 // s
            for p in range(m):
                for q in range(s):
                    i, o = q + s * p, q + 4 * s * p
                    ar, br, cr, dr = z[0, i], z[0, i + N // 4], z[0, i + N // 2], z[0, i + 3 * N // 4]
                    ai, bi, ci, di = z[1, i], z[1, i + N // 4], z[1, i + N // 2], z[1, i + 3 * N // 4]
                    w[0, o], w[1, o] = (ar + cr) + (br + dr), (ai + ci) + (bi + di)
                    turned(w, o + s, (ar - cr) + (bi - di), (ai - ci) + (dr - br), p * s)
                    turned(w, o + 2 * s, (ar + cr) - (br + dr), (ai + ci) - (bi + di), 2 * p * s)
                    turned(w, o + 3 * s, (ar - cr) - (bi - di), (ai - ci) - (dr - br), 3 * p * s)
            z, w = w, z
        for q in range(N // 2):
            for part in range(2):
                w[part, q], w[part, q + N // 2] = z[part, q] + z[part, q + N // 2], z[part, q] - z[part, q + N // 2]
        for k in range(1, N // 2 + 1):
            r, i, rb, ib = w[0, k], w[1, k], w[0, N - k], w[1, N - k]
            er, ei, r, i = r + rb, i - ib, i + ib, rb - r
            c, s = HALF_TURNS[0, k], HALF_TURNS[1, k]
            r, i = r * c - i * s, r * s + i * c
            quarter = np.float32(0.25)
            out[t, N - k] = ((er - r) * (er - r) + (ei - i) * (ei - i)) * quarter
            out[t, k] = ((er + r) * (er + r) + (ei + i) * (ei + i)) * quarter
    return out


@njit(cache=True, fastmath=False)
def turned(w, o, r, i, k):
    c, s = TURNS[0, k], TURNS[1, k]
    w[0, o], w[1, o] = r * c - i * s, r * s + i * c


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
        a[i] = min(max(past[i] - mean, -32768), 32767)
        top = max(top, abs(a[i]))
    shift = 0
    while (top >> shift) >= 4096:
        shift += 1
    for i in range(n):
        a[i] >>= shift
    first = n - PITCH_PART
    e0 = 0
    for i in range(first, n):
        e0 += a[i] * a[i]
    et = 0
    for i in range(first - LAGS[0], n - LAGS[0]):
        et += a[i] * a[i]
    best, best_lag, best_rank = np.float32(0), LAGS[0], np.float32(-1)
    for lag in range(LAGS[0], LAGS[1]):
        s = 0
        for i in range(first, n):
            s += a[i] * a[i - lag]
        # Squared, for want of a root: only the order matters, and a network doesn't mind.
        v = np.float32(s) * np.abs(np.float32(s)) / (np.float32(e0) * np.float32(et) + np.float32(4e4))
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
        level = total(L) / np.float32(BANDS)
        if t == 0:
            floor[:] = L
            peak = level
            average = level
            before = level
        for b in range(BANDS):
            o[b] = L[b] - level
            o[BANDS + b] = L[b] - floor[b]
        floor_level = total(floor) / np.float32(BANDS)
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
            part = P[t, FINE[k]:FINE[k + 1]]
            all_of_it = np.float32(1e3) + total(part)
            o[53 + k] = (np.float32(1e5) + total(part * part)) / (all_of_it * all_of_it)
        # How like the spectra of 20 and 60 ms ago it is: cosines of magnitudes, below and above 1
        # kHz.
        m = mags[t % 4]
        for i in range(FINE[0], FINE[3]):
            m[i - FINE[0]] = sqrt(P[t, i])
        split = FINE[1] - FINE[0]
        e = powers[t % 4]
        e[0], e[1] = np.float32(1e3) + total(P[t, FINE[0]:FINE[1]]), np.float32(1e3) + total(P[t, FINE[1]:FINE[3]])
        for k in range(2):
            back = (t + (3 if k == 0 else 1)) % 4   # one frame, then three frames back
            products = m * mags[back]
            o[56 + 2 * k] = total(products[:split]) / sqrt(e[0] * powers[back, 0] + np.float32(1))
            o[57 + 2 * k] = total(products[split:]) / sqrt(e[1] * powers[back, 1] + np.float32(1))
        # The last 40 ms at half the rate.
        past[:PITCH_SPAN - FRAME // 2] = past[FRAME // 2:]
        for i in range(FRAME // 2):
            a, b2, c = last if i == 0 else int(f[2 * i - 1]), int(f[2 * i]), int(f[2 * i + 1])
            past[PITCH_SPAN - FRAME // 2 + i] = (a + 2 * b2 + c) >> 2
        last = int(f[FRAME - 1])
        r, lag = pitch(past)
        lag2 = log2(np.float32(lag))
        o[60] = r
        o[61] = lag2
        o[62] = min(abs(lag2 - lag_before), np.float32(1))
        lag_before = lag2
        o[63] = np.float32(zeros) * np.float32(1 / FRAME)
    return out


@njit(cache=True, fastmath=False)
def bands(P, shares):
    """Levels in bands, [frames, 24]: each adds up its bins in four lanes, from a multiple of four on."""
    out = np.zeros((len(P), BANDS), np.float32)
    for t in range(len(P)):
        for b in range(BANDS):
            sums = np.zeros(4, np.float32)
            for i in range(WINDOW // 2):
                sums[i % 4] += P[t, i] * shares[b, i]
            out[t, b] = log2(((sums[0] + sums[1]) + (sums[2] + sums[3])) + np.float32(SILENCE))
    return out


def features(samples):
    """[frames, 64] float32 of int16 samples."""
    P = power(samples)
    return sequence(np.ascontiguousarray(samples[:len(P) * FRAME]), P, bands(P, MEL))
