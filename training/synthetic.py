"""Noises, music and tones that no package has to ship: each a function of a length in samples and a random generator."""
import numpy as np
from scipy.signal import butter, lfilter, sosfilt

RATE = 8000
TAU = 2 * np.pi


def rms(x):
    return np.sqrt(np.mean(x * x) + 1e-20)


def coloured(n, rng, exponent):
    """Noise whose power falls with frequency to the power of `exponent`."""
    f = np.fft.rfft(rng.standard_normal(n))
    k = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 20)
    return np.fft.irfft(f / k ** (exponent / 2), n)


def wander(n, rng, hz, depth_db):
    """A gain that moves about slowly, `hz` times a second."""
    points = rng.standard_normal(max(4, int(n / RATE * hz) + 2)) * depth_db
    return 10 ** (np.interp(np.linspace(0, len(points) - 1, n), np.arange(len(points)), points) / 20)


def resonator(hz, width_hz):
    r = np.exp(-np.pi * width_hz / RATE)
    return [1 - r], [1, -2 * r * np.cos(TAU * hz / RATE), r * r]


def sweep_of(phase_hz):
    return np.sin(TAU * np.cumsum(phase_hz) / RATE)


def steady(n, rng):
    """Hiss of any colour, now and then with a resonance."""
    x = coloured(n, rng, rng.uniform(-0.5, 2.5))
    if rng.random() < 0.4:
        x = x / rms(x) + rng.uniform(0.5, 3) * (lambda y: y / rms(y))(lfilter(*resonator(rng.uniform(150, 3500), rng.uniform(20, 400)), x))
    return x


def hum(n, rng):
    t = np.arange(n) / RATE
    f0 = rng.choice([50.0, 60.0, rng.uniform(45, 130)])
    tilt = rng.uniform(0.3, 1.8)
    x = sum(np.sin(TAU * f0 * h * t + rng.uniform(0, TAU)) / h ** tilt * (rng.random() < 0.8) for h in range(1, int(rng.integers(3, 24))))
    noise = coloured(n, rng, rng.uniform(0, 2))
    return x / rms(x) + rng.uniform(0.03, 1.0) * noise / rms(noise)


def wind(n, rng):
    x = coloured(n, rng, rng.uniform(1.5, 3)) * wander(n, rng, rng.uniform(0.3, 3), rng.uniform(3, 9))
    return x


def engine(n, rng):
    """Harmonics of a slowly changing speed, and what the machine rattles with."""
    f0 = rng.uniform(20, 150) * wander(n, rng, rng.uniform(0.1, 1), rng.uniform(0.3, 2))
    phase = TAU * np.cumsum(f0) / RATE
    x = sum(np.sin(h * phase + rng.uniform(0, TAU)) * rng.uniform(0.1, 1) / h ** 0.5 for h in range(1, int(rng.integers(4, 20))))
    noise = coloured(n, rng, 1) * (1 + rng.uniform(0, 1) * np.sin(phase))
    return x / rms(x) + rng.uniform(0.2, 2) * noise / rms(noise)


def pulsing(n, rng):
    """Noise that comes and goes as fast as syllables do, or as a ventilator's blades."""
    x = coloured(n, rng, rng.uniform(0, 2))
    if rng.random() < 0.5:
        x = sosfilt(butter(2, sorted(rng.uniform(150, 3800, 2) + [0, 100]), "band", fs=RATE, output="sos"), x)
    t = np.arange(n) / RATE
    rate = rng.uniform(0.5, 14)
    gate = np.sin(TAU * rate * t + rng.uniform(0, TAU)) + rng.uniform(-0.6, 0.6)
    if rng.random() < 0.5:
        return x * np.maximum(gate, 0.02) ** rng.uniform(0.5, 2)
    return x * wander(n, rng, rate, rng.uniform(4, 12))


def scatter(n, rng, event, rate_hz):
    """`event(rng)` at random times, about `rate_hz` a second."""
    x = np.zeros(n)
    t = 0.0
    while True:
        t += rng.exponential(1 / rate_hz) * RATE
        if t >= n:
            return x
        e = event(rng)[:n - int(t)]
        x[int(t):int(t) + len(e)] += e


def knock(rng):
    """Something hard meets something that rings."""
    n = int(rng.uniform(0.01, 0.4) * RATE)
    t = np.arange(n) / RATE
    decay = rng.uniform(0.003, 0.08)
    x = sum(np.sin(TAU * rng.uniform(100, 3800) * t) * np.exp(-t / decay / rng.uniform(0.5, 2)) for _ in range(rng.integers(1, 6)))
    return (x + rng.standard_normal(n) * np.exp(-t / (decay / 4)) * rng.uniform(0, 3)) * 10 ** (rng.uniform(-18, 0) / 20)


def click(rng):
    n = int(rng.integers(1, 40))
    return rng.standard_normal(n) * 10 ** (rng.uniform(-15, 6) / 20)


def key(rng):
    gap = int(rng.uniform(0.03, 0.12) * RATE)
    down, up = knock(rng)[:400], knock(rng)[:300] * 0.4
    x = np.zeros(gap + 400)
    x[:len(down)] += down
    x[gap:gap + len(up)] += up
    return x


def chirp(rng):
    """A bird, an alarm, a toy."""
    n = int(rng.uniform(0.03, 0.5) * RATE)
    a, b = rng.uniform(400, 3900, 2)
    shake = rng.uniform(0, 200) * np.sin(TAU * rng.uniform(5, 40) * np.arange(n) / RATE)
    return sweep_of(np.clip(np.linspace(a, b, n) + shake, 100, 3950)) * np.hanning(n) * 10 ** (rng.uniform(-15, 0) / 20)


def cough(rng):
    """A burst of breath with the resonances of a throat: not speech."""
    out = []
    for _ in range(rng.integers(1, 4)):
        n = int(rng.uniform(0.08, 0.35) * RATE)
        t = np.arange(n) / RATE
        x = rng.standard_normal(n) * np.minimum(t / 0.005, 1) * np.exp(-t / rng.uniform(0.03, 0.12))
        y = sum(lfilter(*resonator(f * rng.uniform(0.8, 1.25), 250), x) for f in (600, 1400, 2600))
        out += [y / rms(y) * rng.uniform(0.5, 1), np.zeros(int(rng.uniform(0.05, 0.3) * RATE))]
    return np.concatenate(out)


def single_events(n, rng):
    event = [knock, click, key, chirp, cough][rng.integers(5)]
    x = scatter(n, rng, event, np.exp(rng.uniform(np.log(0.3), np.log(12))))
    return x + rms(x) * 10 ** (rng.uniform(-50, -10) / 20) * steady(n, rng)


def rain(n, rng):
    return scatter(n, rng, click, rng.uniform(20, 300)) + 0.1 * steady(n, rng)


def siren(n, rng):
    t = np.arange(n) / RATE
    base, width, rate = rng.uniform(500, 1800), rng.uniform(0.05, 0.6), rng.uniform(0.15, 6)
    shape = np.sin(TAU * rate * t) if rng.random() < 0.5 else np.sign(np.sin(TAU * rate * t))
    x = sweep_of(base * (1 + width * shape))
    return np.sign(x) if rng.random() < 0.2 else x


def note(n, f0, rng, timbre):
    """One note: harmonics that fade at their own speed, an attack, now and then vibrato."""
    partials, tilt, decay, attack, vibrato, odd, inharmonic = timbre
    t = np.arange(n) / RATE
    bend = 1 + vibrato * np.sin(TAU * rng.uniform(4, 7) * t) * np.minimum(t / 0.2, 1)
    phase = TAU * f0 * np.cumsum(bend) / RATE
    x = np.zeros(n)
    for h in range(1, partials + 1):
        ratio = h * np.sqrt(1 + inharmonic * h * h)
        if f0 * ratio > 3900:
            break
        x += np.sin(ratio * phase + rng.uniform(0, TAU)) * (h ** -tilt) * (0.1 if odd and h % 2 == 0 else 1) * np.exp(-t * decay * h ** 0.5)
    end = np.minimum(1, (n - np.arange(n)) / (0.03 * RATE))
    return x * np.minimum(t / attack, 1) * end


def timbre_of(rng):
    held = rng.random() < 0.5
    return (int(rng.integers(1, 24)), rng.uniform(0.3, 2.5), rng.uniform(0, 0.7) if held else rng.uniform(1.5, 10), rng.uniform(0.003, 0.15 if held else 0.02),
            rng.uniform(0, 0.012) if rng.random() < 0.4 else 0.0, rng.random() < 0.25, rng.uniform(0, 5e-4) if rng.random() < 0.3 else 0.0)


def drum(rng, kind):
    n = int(rng.uniform(0.05, 0.35) * RATE)
    t = np.arange(n) / RATE
    if kind == 0:
        return sweep_of(50 + 120 * np.exp(-t / 0.03)) * np.exp(-t / 0.1)
    x = rng.standard_normal(n) * np.exp(-t / (0.09 if kind == 1 else 0.03))
    return lfilter([1, -0.9], [1], x) * (0.7 if kind == 1 else 0.4)


def music(n, rng):
    """Chords, bass, a melody and drums, each of which may be missing."""
    beat = 60 / rng.uniform(60, 170)
    scale = np.array([[0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10], [0, 2, 4, 7, 9, 12, 14]][rng.integers(3)])
    root = rng.uniform(90, 260)
    pitch = lambda degree: root * 2 ** ((scale[degree % 7] + 12 * (degree // 7)) / 12)
    parts = rng.random(4) < [0.75, 0.6, 0.75, 0.5]
    if not parts.any():
        parts[0] = True
    pad, bass, lead = timbre_of(rng), timbre_of(rng), timbre_of(rng)
    arpeggio = rng.random() < 0.35
    x = np.zeros(n + RATE)

    def place(at, seconds, f0, timbre, gain):
        i, m = int(at * RATE), int(max(0.06, seconds) * RATE)
        if i < n:
            y = note(m, f0, rng, timbre)[:len(x) - i] * gain
            x[i:i + len(y)] += y

    at, chord, swing = 0.0, 0, rng.uniform(0, 0.2)
    pattern = rng.random(16) < 0.4
    while at < n / RATE:
        chord = int(rng.choice([0, 3, 4, 5, 1, 2]))
        for b in range(4):
            now = at + b * beat
            if parts[0]:
                for k, degree in enumerate((chord, chord + 2, chord + 4)):
                    if arpeggio:
                        place(now + k * beat / 3, beat, pitch(degree + 7), pad, 0.35)
                    elif b == 0:
                        place(now, 4 * beat, pitch(degree), pad, 0.35)
            if parts[1] and (b % 2 == 0 or rng.random() < 0.3):
                place(now, beat * 1.5, pitch(chord) / 2, bass, 0.6)
            if parts[2]:
                steps = int(rng.choice([0, 1, 1, 2, 2, 4]))
                for s in range(steps):
                    place(now + s * beat / steps, beat / steps * rng.uniform(0.7, 1.2), pitch(int(rng.integers(4, 16))), lead, 0.5)
            if parts[3]:
                for q in range(4):
                    if pattern[b * 4 + q]:
                        i = int((now + (q + swing * (q % 2)) * beat / 4) * RATE)
                        y = drum(rng, int(rng.integers(3)))[:max(0, len(x) - i)]
                        x[i:i + len(y)] += y * rng.uniform(0.3, 0.9)
        at += 4 * beat
    return x[:n]


DTMF = [(a, b) for a in (697, 770, 852, 941) for b in (1209, 1336, 1477, 1633)]
# Frequencies and (on, off, ...) seconds of supervisory tones in several countries, after ITU-T
# E.180 supplement 2.
CADENCES = [((440, 480), (2, 4)), ((400, 450), (0.4, 0.2, 0.4, 2)), ((425,), (1, 4)), ((425,), (1, 3)), ((440,), (1.5, 3.5)), ((425,), (0.48, 0.48)),
            ((480, 620), (0.5, 0.5)), ((480, 620), (0.25, 0.25)), ((400,), (0.375, 0.375)), ((425,), (0.2, 0.2)), ((350, 440), (9, 0.1)),
            ((425,), (9, 0.1)), ((1100,), (0.5, 3)), ((2100,), (3, 0.1)), ((1400,), (0.2, 5)), ((950, ), (0.33, 1)), ((440,), (0.3, 10)), ((1000,), (0.3, 0.7))]


def tone(frequencies, n, rng):
    t = np.arange(n) / RATE
    x = sum(np.sin(TAU * f * t + rng.uniform(0, TAU)) * 10 ** (rng.uniform(-3, 0) / 20) for f in frequencies)
    ramp = int(rng.uniform(0, 0.01) * RATE) + 1
    edge = np.minimum(1, np.minimum(np.arange(n) + 1, n - np.arange(n)) / ramp)
    return x * edge


def tones(n, rng):
    """What exchanges, telephones and modems say."""
    x = np.zeros(n)
    i = int(rng.uniform(0, 1) * RATE)
    while i < n:
        kind = rng.integers(7)
        if kind <= 1:
            length, gap = rng.uniform(0.05, 0.35, 2)
            for _ in range(rng.integers(1, 14)):
                s = tone(DTMF[rng.integers(16)], int(length * RATE), rng)[:max(0, n - i)]
                x[i:i + len(s)] += s
                i += int((length + gap) * RATE)
            i += int(rng.uniform(0.1, 2) * RATE)
        elif kind <= 3:
            frequencies, cadence = CADENCES[rng.integers(len(CADENCES))]
            frequencies = [f * rng.uniform(0.97, 1.03) for f in frequencies]
            for _ in range(rng.integers(1, 5)):
                for k, seconds in enumerate(cadence):
                    m = int(seconds * RATE)
                    if k % 2 == 0:
                        s = tone(frequencies, m, rng)[:max(0, n - i)]
                        x[i:i + len(s)] += s
                    i += m
        elif kind == 4:
            for f in sorted(rng.uniform(300, 3300, rng.integers(1, 5))):
                s = tone([f] if rng.random() < 0.7 else [f, f * rng.uniform(1.05, 3)], int(rng.uniform(0.04, 1.0) * RATE), rng)[:max(0, n - i)]
                x[i:i + len(s)] += s
                i += len(s) + int(rng.choice([0, 0, rng.uniform(0, 0.5)]) * RATE)
            i += int(rng.uniform(0.05, 1.5) * RATE)
        elif kind == 5:     # frequency shift keying
            baud, a, b = rng.uniform(40, 1300), rng.uniform(900, 1400), rng.uniform(1500, 2300)
            m = int(rng.uniform(0.2, 3) * RATE)
            bits = rng.integers(0, 2, int(m / RATE * baud) + 2)
            s = sweep_of(np.where(bits[(np.arange(m) * baud / RATE).astype(int)] > 0, a, b))[:max(0, n - i)]
            x[i:i + len(s)] += s
            i += m + int(rng.uniform(0.1, 1.5) * RATE)
        else:               # a ringing bell, an alarm clock, a door
            s = note(int(rng.uniform(0.2, 2) * RATE), rng.uniform(250, 2000), rng, timbre_of(rng))[:max(0, n - i)]
            x[i:i + len(s)] += s / (np.abs(s).max() + 1e-9)
            i += len(s) + int(rng.uniform(0, 1) * RATE)
    return x


STATIONARY = [steady, steady, hum, wind, engine]
LIVELY = [engine, pulsing, single_events, single_events, rain, siren, wind]
