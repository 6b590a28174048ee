"""Makes telephone calls out of sounds: 30 s each, with the truth of every 20 ms frame.

A call is one caller (or nobody), at most one kind of noise, a line and a codec. Everything follows from the seed.
"""
import io

import numpy as np
import soundfile as sf
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

import synthetic
from synthetic import RATE, coloured, rms, wander

FRAME = 160
SECONDS = 30
SAMPLES = SECONDS * RATE
FRAMES = SAMPLES // FRAME


def runs(flags):
    edges = np.flatnonzero(np.diff(np.r_[0, flags.astype(np.int8), 0]))
    return edges.reshape(-1, 2)


def fill(label, hole, island):
    """Closes holes of up to `hole` frames inside speech, and drops speech of up to `island` frames."""
    label = label.copy()
    for a, b in runs(label == 0):
        if 0 < a and b < len(label) and b - a <= hole:
            label[a:b] = 1
    for a, b in runs(label == 1):
        if b - a <= island:
            label[a:b] = 0
    return label


def frame_db(x):
    n = len(x) // FRAME
    return 10 * np.log10((x[:n * FRAME].reshape(n, FRAME) ** 2).mean(1) + 1e-12)


def spoken_frames(clip):
    """The truth, on the clean clip: within 40 dB of its loudest frame, and 8 dB above its own noise."""
    e = frame_db(clip)
    loudest, noise = e.max(), np.percentile(e, 3)
    threshold = loudest - 40
    if noise < loudest - 25:
        threshold = max(threshold, noise + 8)
    return fill((e > threshold).astype(np.int8), 3, 1)


def ulaw(x):
    s = np.clip(np.round(x * 32768), -32635, 32635).astype(np.int32)
    m = np.abs(s) + 132
    e = np.floor(np.log2(m)).astype(int) - 7
    d = ((((m >> (e + 3)) & 15) * 8 + 132) << e) - 132
    return np.where(s < 0, -d, d) / 32768


def alaw(x):
    s = np.clip(np.round(x * 4096), -4095, 4095).astype(np.int32)
    m = np.abs(s)
    e = np.maximum(np.floor(np.log2(np.maximum(m, 1))).astype(int) - 4, 1)
    d = ((m >> e) << e) + (1 << (e - 1))
    return np.where(s < 0, -d, d) / 4096


def gsm(x):
    try:
        b = io.BytesIO()
        sf.write(b, np.clip(x, -1, 1), RATE, format="RAW", subtype="GSM610")
        b.seek(0)
        y, _ = sf.read(b, format="RAW", subtype="GSM610", samplerate=RATE, channels=1)
        return np.r_[y, np.zeros(max(0, len(x) - len(y)))][:len(x)]
    except Exception:
        return ulaw(x)


def stretched(clip, speed):
    """Played faster or slower: pitch and formants move together, as between children and men."""
    if abs(speed - 1) < 0.01:
        return clip
    if speed > 1:
        clip = sosfilt(butter(6, 3900 / speed, fs=RATE, output="sos"), clip)
    return np.interp(np.arange(0, len(clip) - 1, speed), np.arange(len(clip)), clip)


def room(rng):
    """Impulse response of a made-up room: the direct sound, a few walls, a tail."""
    t60 = rng.uniform(0.1, 0.8)
    n = int(min(t60, 0.6) * RATE)
    t = np.arange(n) / RATE
    h = rng.standard_normal(n) * 10 ** (-3 * t / t60)
    h = lfilter([1, rng.uniform(0, 0.6)], [1], h)
    h[:int(rng.uniform(0.001, 0.01) * RATE)] = 0
    h *= 10 ** (-rng.uniform(-3, 15) / 20) / np.sqrt((h * h).sum() + 1e-9)
    h[0] = 1
    return h


class Studio:
    """Voices and noises of one split, and the calls made of them."""

    def __init__(self, sounds, split):
        self.recorded, self.spoken, self.noises = [], [], {}
        for name in sorted(sounds):
            kind, of, what = name.split("/", 2)
            clips = sounds[name]
            if of != split:
                continue
            if kind == "voice":
                (self.spoken if ":" in what else self.recorded).append(clips)
            else:
                self.noises.setdefault(what, []).extend(clips)
        weight = np.array([sum(map(len, v)) for v in self.recorded], float) ** 0.6
        self.weight = weight / weight.sum()
        self.noise_weight = {k: (w := np.array([min(len(c), 60 * RATE) for c in v], float) ** 0.5) / w.sum() for k, v in self.noises.items()}

    def voice(self, rng):
        if rng.random() < 0.72 or not self.spoken:
            return self.recorded[rng.choice(len(self.recorded), p=self.weight)]
        return self.spoken[rng.integers(len(self.spoken))]

    def clip(self, clips, rng):
        return clips[rng.integers(len(clips))].astype(np.float64) / 32768

    def caller(self, rng):
        """Clean speech at a level, the truth, and the level."""
        voice = self.voice(rng)
        level = 10 ** ((rng.uniform(-36, -14) if rng.random() < 0.75 else rng.uniform(-48, -6)) / 20)
        speed = 1.0 if rng.random() < 0.6 else np.exp(rng.uniform(np.log(0.8), np.log(1.4)))
        spread = rng.uniform(0, 4)
        x, label = np.zeros(SAMPLES), np.zeros(FRAMES, np.int8)
        longest = np.exp(rng.uniform(np.log(0.8), np.log(6)))
        at = int(rng.uniform(0.0, 3) * RATE) // FRAME * FRAME
        while True:
            parts, truth = [], []
            want = rng.uniform(0.2, 4)
            while sum(map(len, parts)) < want * RATE:
                clip = self.clip(voice, rng)
                if len(clip) > 12 * RATE:
                    start = rng.integers(len(clip) - 12 * RATE)
                    clip = clip[start:start + 12 * RATE]
                clip = stretched(clip, speed)
                clip = clip[:len(clip) // FRAME * FRAME]
                if len(clip) < 4 * FRAME:
                    break
                l = spoken_frames(clip)
                active = clip[np.repeat(l, FRAME) > 0]
                if len(active) < 4 * FRAME:
                    break
                parts.append(clip * level / rms(active) * 10 ** (rng.uniform(-spread, spread) / 20))
                truth.append(l)
                pause = int(rng.integers(0, 10))
                parts.append(np.zeros(pause * FRAME))
                truth.append(np.zeros(pause, np.int8))
            if parts:
                p, l = np.concatenate(parts), np.concatenate(truth)
                if at + len(p) > SAMPLES:
                    break
                x[at:at + len(p)], label[at // FRAME:(at + len(p)) // FRAME] = p, l
                at += len(p)
            at += int(np.exp(rng.uniform(np.log(0.2), np.log(longest))) * RATE) // FRAME * FRAME
            if at >= SAMPLES:
                break
        return x, fill(label, 3, 1), level

    def looped(self, kind, n, rng):
        clips = self.noises[kind]
        x = clips[rng.choice(len(clips), p=self.noise_weight[kind])].astype(np.float64)
        x = np.tile(np.roll(x, -rng.integers(len(x))), n // len(x) + 1)[:n]
        return stretched(np.r_[x, x[:n // 3]], np.exp(rng.uniform(-0.25, 0.25)))[:n] if rng.random() < 0.4 else x

    def babble(self, n, rng, fewest=4, most=9):
        y = np.zeros(n)
        for _ in range(rng.integers(fewest, most + 1)):
            z, length = [], 0
            voices = self.voice(rng) if rng.random() < 0.5 else None
            while length < n:
                clip = self.clip(voices or self.voice(rng), rng)
                clip = clip[:len(clip) // FRAME * FRAME]
                if len(clip) < 4 * FRAME:
                    continue
                e = frame_db(clip)
                loud = np.flatnonzero(e > e.max() - 35)
                clip = clip[loud[0] * FRAME:(loud[-1] + 1) * FRAME]
                z.append(clip / rms(clip))
                length += len(clip)
            z = np.concatenate(z)
            o = rng.integers(0, len(z) - n + 1)
            y += z[o:o + n] * 10 ** (rng.uniform(-5, 2) / 20)
        if rng.random() < 0.3:
            y = fftconvolve(y, room(rng))[:n]
        return y

    def crowd(self, n, rng):
        """A full room: nobody is understood."""
        x = fftconvolve(self.babble(n, rng, 8, 16), room(rng))[:n]
        x = lfilter([1, rng.uniform(-0.3, 0.9)], [1], x)
        y = synthetic.LIVELY[rng.integers(len(synthetic.LIVELY))](n, rng)
        return x / rms(x) + y / rms(y) * 10 ** (rng.uniform(-25, -3) / 20)

    def hits(self, n, rng, of="hits"):
        """Recorded short sounds at random times."""
        clips = self.noises.get(of) or self.noises["beeps"]
        rate = np.exp(rng.uniform(np.log(0.3), np.log(6)))
        few = [clips[rng.integers(len(clips))][:2 * RATE] / 32768 for _ in range(rng.integers(1, 8))]
        return synthetic.scatter(n, rng, lambda r: few[r.integers(len(few))] * 10 ** (r.uniform(-12, 0) / 20), rate)

    def noise(self, kind, n, rng):
        if kind == "ambience":
            k = rng.random()
            x = self.looped("ambience", n, rng) if k < 0.42 else self.hits(n, rng) if k < 0.62 else self.crowd(n, rng) if k < 0.75 else \
                synthetic.LIVELY[rng.integers(len(synthetic.LIVELY))](n, rng)
        elif kind == "music":
            x = self.looped("music", n, rng) if rng.random() < 0.65 else synthetic.music(n, rng)
        elif kind == "stationary":
            x = synthetic.STATIONARY[rng.integers(len(synthetic.STATIONARY))](n, rng)
        elif kind == "tones":
            k = rng.random()
            x = synthetic.tones(n, rng) if k < 0.55 else self.looped("beeps", n, rng) if k < 0.65 else self.hits(n, rng, "beeps") if k < 0.75 else \
                synthetic.tones(n, rng) + self.hits(n, rng, "beeps") * 10 ** (rng.uniform(-10, 10) / 20)
        else:
            x = self.babble(n, rng)
        if rng.random() < 0.12 and kind != "babble":
            y = self.noise(["ambience", "music", "stationary", "tones"][rng.integers(4)], n, rng)
            x = x / rms(x) + y / rms(y) * 10 ** (rng.uniform(-15, 0) / 20)
        if rng.random() < 0.15:
            x = x * wander(n, rng, rng.uniform(0.1, 0.7), rng.uniform(1, 5))
        return x / rms(x)

    def band(self, rng):
        """What the line or the telephone lets through."""
        k = rng.random()
        if k < 0.45:
            return lambda x: x
        if k < 0.8:
            sos = butter(4, [300, 3400], "band", fs=RATE, output="sos")
        else:
            sos = butter(int(rng.integers(1, 5)), [rng.uniform(80, 500), rng.uniform(2200, 3800)], "band", fs=RATE, output="sos")
        return lambda x: sosfilt(sos, x)

    def call(self, seed):
        """int16 [SAMPLES], truth uint8 [FRAMES], and what kind of call it is."""
        rng = np.random.default_rng(seed)
        # What share of calls is of which kind: those with a caller, by noise; then those with noise
        # alone.
        kind = rng.choice(["clean", "ambience", "music", "babble", "stationary", "tones", "-ambience", "-music", "-stationary", "-tones", "-line"],
                          p=[.13, .13, .12, .12, .11, .03, .11, .12, .04, .08, .01])
        band = self.band(rng)
        if kind[0] == "-":
            x, label, level = np.zeros(SAMPLES), np.zeros(FRAMES, np.int8), 10 ** (rng.uniform(-45, -10) / 20)
        else:
            x, label, level = self.caller(rng)
        voice = x
        if label.any():
            if rng.random() < 0.3:
                voice = fftconvolve(voice, room(rng))[:SAMPLES]
                active = np.repeat(label, FRAME) > 0
                voice *= rms(x[active]) / rms(voice[active])
            if rng.random() < 0.3:      # another microphone
                voice = lfilter([1, rng.uniform(-0.7, 0.5)], [1], voice)
            if rng.random() < 0.06:     # the caller's own echo
                d = int(rng.uniform(0.02, 0.25) * RATE)
                voice[d:] += voice[:-d] * 10 ** (-rng.uniform(15, 30) / 20)
            active = voice[np.repeat(label, FRAME) > 0]
            loudness = rms(active)
        else:
            loudness = level
        y = voice
        if kind not in ("clean", "-line"):
            z = self.noise(kind.lstrip("-"), SAMPLES, rng)
            if kind[0] == "-":
                y = z * level
            else:
                # The tenth in which noise begins or ends within the call.
                if rng.random() < 0.1:
                    z *= np.interp(np.arange(SAMPLES) / RATE, (b := rng.uniform(2, 28)) + np.array([-0.2, 0.2]), [0.0, 1.0][::int(rng.choice([-1, 1]))])
                y = y + z * loudness * 10 ** (-rng.uniform(-3, 24) / 20)
        y = band(y)
        return self.line(y, label, rng), label.astype(np.uint8), str(kind)

    def line(self, y, label, rng):
        """What the network does to it."""
        n = len(y)
        if rng.random() < 0.9:
            comfort = coloured(n, rng, rng.choice([0.0, 1.0]))
            y = y + comfort / rms(comfort) * 10 ** (rng.uniform(-78, -52) / 20)
        if rng.random() < 0.08:
            h = synthetic.hum(n, rng)
            y = y + h / rms(h) * 10 ** (rng.uniform(-60, -35) / 20)
        if rng.random() < 0.1:
            y = y + synthetic.scatter(n, rng, synthetic.click, rng.uniform(0.1, 2)) * 10 ** (rng.uniform(-40, -12) / 20)
        if rng.random() < 0.08:
            g = wander(n, rng, 0.3, 4)
            y = y * g
        if rng.random() < 0.05:         # overdriven
            y = np.clip(y * 10 ** (rng.uniform(0, 15) / 20), -1, 1) * 10 ** (rng.uniform(-10, 0) / 20)
        if rng.random() < 0.08:
            y = y + rng.uniform(-0.05, 0.05)
        y = np.clip(y, -0.99, 0.99)
        k = rng.random()
        y = ulaw(y) if k < 0.62 else alaw(y) if k < 0.77 else gsm(y) if k < 0.85 else y
        if rng.random() < 0.1:          # lost packets: silence, or the last one again
            again = rng.random() < 0.4
            packet = int(rng.choice([80, 160, 160, 240]))
            share = rng.uniform(0.005, 0.08)
            lost = np.repeat(rng.random(n // packet + 1) < share, rng.integers(1, 3))[:n // packet]
            for i in np.flatnonzero(lost):
                if i:
                    y[i * packet:(i + 1) * packet] = y[(i - 1) * packet:i * packet] * 0.7 if again else 0
        if rng.random() < 0.04:         # the other side sends nothing while nobody speaks
            silent = np.repeat(fill(label, 15, 0) == 0, FRAME)
            y[silent] = 0
        return np.clip(np.round(y * 32768), -32768, 32767).astype(np.int16)
