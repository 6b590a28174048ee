"""The sounds: which packages, which of their files, who may not be touched, and what becomes training and what validation.

    sources.py CACHE      fetches, unpacks, decodes to 8 kHz and writes CACHE/sounds.npz

To add a language or a noise, add a line to VOICES, SPOKEN or NOISES; `packages()` follows from them.
"""
import fnmatch
import glob
import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import soundfile as sf
import soxr

RATE = 8000
LIVEKIT_AGENTS = "livekit-agents==1.8.9"
ASTERISK = "usr/share/asterisk/"
KLETTRES, KTUBERLING = "usr/share/klettres/", "usr/share/ktuberling/sounds/"
HEDGEWARS = "usr/share/games/hedgewars/Data/"
LIVEKIT = "livekit/agents/resources/"

# The benchmark keeps these for its last word: never trained, never tuned on. Package (a pattern),
# path (a regular expression).
RESERVED = [
    ("asterisk-*-fr*", r"."), ("asterisk-*-it*", r"."), ("asterisk-*-ru*", r"."),
    ("klettres-data", r"/klettres/(fr|it|ru)/"), ("ktuberling-data", r"/sounds/(fr|it|ru)/"),
    ("asterisk-moh-*", r"manolo_camp|reno_project"),
    ("livekit-agents", r"(city|crowded|keyboard-typing2|hold_music)[^/]*$"),
    # Callers and sounds of benches/evaluate.
    ("fillets-ng-data-*", r"."), ("openarena-081-players", r"."),
    ("lincity-ng-data", r"(Fire|Mill|CoalMine|Power|Parkland)[^/]*$"),
]
# Speech in those three languages stays out wherever else it comes from.
RESERVED_LANGUAGES = r"/(fr|it|ru)/|_ru/|/Russian"

# Recorded voices: name, package, pattern of the files. A name that ends in "?" is for validation.
VOICES = [
    ("allison-en", "asterisk-core-sounds-en-wav", ASTERISK + "sounds/en_US_f_Allison/*"),
    ("allison-es", "asterisk-core-sounds-es-wav", ASTERISK + "sounds/es_MX_f_Allison/*"),
    ("colombia?", "asterisk-prompt-es-co", ASTERISK + "sounds/es/*.gsm"),
    ("librivox?", "pocketsphinx-testdata", "usr/share/pocketsphinx/test/data/librivox/*"),
    ("cards?", "pocketsphinx-testdata", "usr/share/pocketsphinx/test/data/cards/*"),
    ("codriver", "trigger-rally-data", "*data.zip!*codriver/*.wav"),
    ("commander", "warzone2100-data", "*base.wz!audio/memressp/*.ogg"),
    ("taunt1", "warzone2100-data", "*base.wz!audio/taunts/taunt1/*"),
    ("taunt2", "warzone2100-data", "*base.wz!audio/taunts/taunt2/*"),
    ("taunt3", "warzone2100-data", "*base.wz!audio/taunts/taunt3/*"),
    ("islands-de", "unknown-horizons", "*/audio/voice/de/*.ogg"),
    ("islands-en?", "unknown-horizons", "*/audio/voice/en/*.ogg"),
    *[(f"hogs-{v}", "hedgewars-data", f"{HEDGEWARS}Sounds/voices/{v.rstrip('?')}/*.ogg")
      for v in "Classic Default Default_pl Default_uk HillBilly Mobster Pirate Robot Surfer British? Default_es?".split()],
    *[(f"letters-{v}", "klettres-data", f"{KLETTRES}{v.rstrip('?')}/*.ogg")
      for v in "ar cs da de en en_GB es he lt ml nb nl pt_BR tn uk hu? nds?".split()],
    *[(f"potato-{v}", "ktuberling-data", f"{KTUBERLING}{v.rstrip('?')}/*.*")
      for v in "ca da de el en es fi ga gl lt nl nn ro sl sv uk wa pt? sr?".split()],
]

# Synthesised voices: engine, voice.
SPOKEN = [
    *[("flite", v) for v in "kal awb rms slt?".split()],
    *[("festival", v) for v in """czech_krb czech_machac czech_ph ked_diphone hy_fi_mv_diphone upc_ca_ona_hts czech_dita?
        suo_fi_lj_diphone?""".split()],
    *[("espeak-ng", v) for v in """en-us+m1 en-gb+f2 de+m3 es+f3 pt-br+m4 pl+f4 nl+m5 sv+f5 cs+m6 tr+steph el+m7 hu+linda fi+m8
        hi+anika sw+adam id+belinda vi+m2 cmn+f1 ja+aunty ko+john ar+travis fa+f2 da+grandpa et+grandma en-us+boris en-gb+caleb
        es-419+shelby ro+edward uk+zac am+ed ta+steph2 ka+victor en-us+klatt3 cy+whisperf? nb+max? bg+anika? sk+benjamin?
        ms+antonio? hr+f5? mr+linda? en-us+whisper""".split()],
]

# Noises: kind, package, pattern. "?" marks validation.
NOISES = [
    ("music", "asterisk-moh-opsound-wav", ASTERISK + "moh/macroform-[cr]*.wav"),
    ("music?", "asterisk-moh-opsound-wav", ASTERISK + "moh/macroform-t*.wav"),
    ("music", "wesnoth-1.16-music", "*/music/[a-r]*.ogg"),
    ("music?", "wesnoth-1.16-music", "*/music/[s-z]*.ogg"),
    ("music", "hedgewars-data", HEDGEWARS + "Music/*.ogg"),
    ("music", "unknown-horizons", "*/audio/music/*.ogg"),
    ("music?", "singularity-music", "*.ogg"),
    ("music", "frozen-bubble-data", "*.ogg"),
    ("music", "extremetuxracer-data", "*.ogg"),
    ("music", "lmms-common", "*/samples/*.ogg"),
    ("music", "sonic-pi-samples", "*/loop_*.flac"),
    *[("hits", "sonic-pi-samples", f"*/{k}_*.flac") for k in "bd elec drum perc tabla glitch misc vinyl mehackit bass guit sn".split()],
    ("hits", "hydrogen-drumkits", "*.flac"),
    ("ambience", "sonic-pi-samples", "*/ambi_[dghls]*.flac"),
    ("ambience", "livekit-agents", LIVEKIT + "office-ambience.ogg"),
    ("ambience", "livekit-agents", LIVEKIT + "keyboard-typing.ogg"),
    ("ambience?", "livekit-agents", LIVEKIT + "forest-ambience.ogg"),
    *[("ambience", "lincity-ng-data", f"*/{k}*.wav") for k in """Industry Market RailTrain Trafic Blacksmith Farm OrganicFarm Recycle
        OreMine Shanty Substation Water Green University Raze Build Rocket Monument Tip DirtTrack""".split()],
    *[("ambience?", "lincity-ng-data", f"*/{k}*.wav") for k in "Harbor Commune School Residential Pottery Health".split()],
    ("ambience", "simutrans-pak64", "*.wav"),
    ("ambience", "openarena-data", "*pak0.pk3!sound/world/*.wav"),
    ("ambience", "unknown-horizons", "*/audio/sounds/*.ogg"),
    ("ambience?", "minetest-data", "*.ogg"),
    ("hits", "openarena-data", "*pak0.pk3!sound/weapons/*.wav"),
    ("hits", "openarena-data", "*pak0.pk3!sound/movers/*.wav"),
    ("hits", "warzone2100-data", "*base.wz!audio/sfx/*.ogg"),
    ("hits", "wesnoth-1.16-data", "*/sounds/*.*"),
    ("hits", "tuxpaint-data", "*.wav"),
    ("hits", "xmoto-data", "*.ogg"),
    ("beeps", "sound-theme-freedesktop", "*.oga"),
    ("beeps?", "tuxtype-data", "*.wav"),
]
DEBIAN_TOOLS = """espeak-ng flite festival festvox-kallpc16k festvox-kdlpc16k festvox-czech-krb festvox-czech-dita festvox-czech-machac
    festvox-czech-ph festvox-suopuhe-lj festvox-suopuhe-mv festvox-ca-ona-hts""".split()
# Prompts that are no words, and recordings of people in what should be noise.
NO_WORDS = re.compile(r"silence|beep|tone|ascending|confbridge-(join|leave)|dial|ring|sound|monkey|screech|lots-o|tt-|hello-world-")
PEOPLE = re.compile(r"human|male|voice|speech|laugh|scream|grunt|sing|choir|hit|die|hurt|groan|cheer|crow?d|talk|baby|giggle|yeti|troll|"
                    r"orc|drake|goblin|ogre|wose|gryphon|-hit|mermen|naga|ghost|lich|dwarf|"
                    r"audio-channel|tuxok|youcannot|areyousure|prompt|excuse|wail|ugg", re.I)
LONGEST_S = 150


def check_not_reserved(package, path, content=None, hashes=frozenset()):
    """Stops everything if a file is one of those that are kept for the last word, by name or by content."""
    for p, r in RESERVED:
        if fnmatch.fnmatch(package, p) and re.search(r, path):
            sys.exit(f"RESERVED: {package}: {path} must not be used for training")
    if content is not None and hashlib.sha256(content).hexdigest() in hashes:
        sys.exit(f"RESERVED: {package}: {path} has the content of a reserved file")


def is_reserved(package, path):
    return any(fnmatch.fnmatch(package, p) and re.search(r, path) for p, r in RESERVED)


def packages():
    names = {p for _, p, _ in VOICES + NOISES}
    return sorted(names - {"livekit-agents"})


def fetch(cache):
    """Debian packages and one wheel, unpacked under CACHE/ex/PACKAGE."""
    for d in ("deb", "whl", "ex"):
        os.makedirs(f"{cache}/{d}", exist_ok=True)
    have = lambda p: glob.glob(f"{cache}/deb/{p}_*.deb")
    missing = [p for p in packages() if not have(p)]
    for p in packages() + DEBIAN_TOOLS:
        check_not_reserved(p, "/")
    if missing:
        if os.geteuid() == 0:
            subprocess.run(["apt-get", "update", "-qq"])
        subprocess.run(["apt-get", "download", "-qq", *missing], cwd=f"{cache}/deb", check=True)
    absent = [t for t in DEBIAN_TOOLS if subprocess.run(["dpkg", "-s", t], capture_output=True).returncode]
    if absent:
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *absent], check=True)
    for p in packages():
        if not os.path.isdir(f"{cache}/ex/{p}"):
            subprocess.run(["dpkg-deb", "-x", have(p)[0], f"{cache}/ex/{p}"], check=True)
    if not glob.glob(f"{cache}/whl/livekit_agents*"):
        subprocess.run([sys.executable, "-m", "pip", "-q", "download", "--no-deps", "-d", f"{cache}/whl", LIVEKIT_AGENTS], check=True)
    if not os.path.isdir(f"{cache}/ex/livekit-agents"):
        zipfile.ZipFile(glob.glob(f"{cache}/whl/livekit_agents*")[0]).extractall(f"{cache}/ex/livekit-agents")


def files(cache, package, pattern):
    """(path, content) of each file of a package that the pattern names; ARCHIVE!PATTERN looks into a zip."""
    root = f"{cache}/ex/{package}"
    outer, _, inner = pattern.partition("!")
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            path = f"{folder}/{name}"
            if not fnmatch.fnmatch(path[len(root) + 1:], outer):
                continue
            if not inner:
                yield path[len(root):], open(path, "rb").read()
                continue
            archive = zipfile.ZipFile(path)
            for member in sorted(archive.namelist()):
                if fnmatch.fnmatch(member, inner) and member.lower().endswith((".wav", ".ogg")):
                    yield "/" + member, archive.read(member)


def decode(path, content):
    """8 kHz int16 of the beginning of a file, or None."""
    try:
        if path.endswith(".gsm"):
            x, rate = sf.read(io.BytesIO(content), format="RAW", subtype="GSM610", samplerate=8000, channels=1, dtype="float32")
        elif path.endswith(".raw"):
            x, rate = sf.read(io.BytesIO(content), format="RAW", subtype="PCM_16", samplerate=16000, channels=1, dtype="float32")
        else:
            f = sf.SoundFile(io.BytesIO(content))
            rate = f.samplerate
            x = f.read(int(LONGEST_S * rate), dtype="float32")
    except Exception:
        return None
    if x.ndim > 1:
        x = x.mean(1)
    if rate != RATE:
        x = soxr.resample(x, rate, RATE)
    x = x - x.mean() if len(x) else x
    top = np.abs(x).max() if len(x) else 0
    if len(x) < RATE // 20 or top < 1e-3:
        return None
    return np.round(x / top * 32000).astype(np.int16)


SENTENCES = """Good morning, how can I help you today?|I would like to change my appointment, please.|Yes.|No, thank you.|Hello?
My number is five five five, zero one seven nine.|Could you please repeat that?|The weather has been very cold since last Tuesday evening.
I have been waiting for more than twenty minutes.|Okay.|Sure, that sounds good.|Please transfer me to somebody in the sales department.
She sells sea shells by the sea shore.|Six thick thistle sticks.|Where is my parcel? It should have arrived on Thursday.|Wait, stop.
One, two, three, four, five, six, seven, eight, nine, ten.|My name is Elizabeth Fitzgerald, and I live at forty two Church Street.
Mm-hm, I see.|What does it cost if I cancel the contract before the end of March?|Hang on a second, I am looking for the letter.
There is a problem with my internet connection, it fails every afternoon.|Right.|I don't know.|That is not what I asked for.
Peter picked a peck of pickled peppers.|Can I pay with a credit card?|The account ends in nine eight seven six.|Bye bye.
We were away when you all owe our lawyer a year.|Happy birthday to your little brother Sebastian!|Who is speaking, please?"""


def spoken(engine, voice):
    """A voice's sentences, each as int16 at 8 kHz."""
    rng = np.random.default_rng(list(f"{engine}{voice}".encode()))
    texts = [t for t in re.split(r"[|\n]", SENTENCES)]
    if engine == "festival" or "+" in voice and not voice.startswith("en"):
        # Other languages' voices speak words that nobody knows.
        syllables = "ba de ki lo mu na ne pi ra se ta vi zo sta kra men lin dor pel hun ja fo ri che".split()
        texts += [" ".join("".join(rng.choice(syllables, rng.integers(1, 5))) for _ in range(rng.integers(1, 9))) + "." for _ in range(30)]
    out = []
    for text in texts:
        if engine == "flite":
            cmd, feed = ["flite", "-voice", voice, "-t", text, "-o", "/dev/stdout"], None
        elif engine == "festival":
            cmd, feed = ["text2wave", "-eval", f"(voice_{voice})"], text
        else:
            cmd, feed = ["espeak-ng", "-v", voice, "-s", str(rng.integers(120, 210)), "-p", str(rng.integers(20, 80)), "--stdout", text], None
        done = subprocess.run(cmd, input=feed and feed.encode(), capture_output=True)
        if engine == "flite" and not done.stdout:
            continue
        data = bytearray(done.stdout)
        if data[:4] == b"RIFF":     # a pipe has no length
            n = len(data)
            data[4:8] = (n - 8).to_bytes(4, "little")
            at = data.find(b"data")
            data[at + 4:at + 8] = (n - at - 8).to_bytes(4, "little")
        x = decode("x.wav", bytes(data))
        if x is not None and len(x) > RATE // 4:
            out.append(x)
    return out


def gather(cache):
    """Decodes everything: {"voice/train/NAME": [clips], "noise/validation/KIND": [clips]}."""
    reserved = set()
    for folder in glob.glob(f"{cache}/ex/*"):
        package = os.path.basename(folder)
        for base, _, names in os.walk(folder):
            for name in names:
                path = f"{base}/{name}"
                if is_reserved(package, path[len(folder):]):
                    reserved.add(hashlib.sha256(open(path, "rb").read()).hexdigest())
    print(f"{len(reserved)} reserved files are known by content", flush=True)
    sounds = {}

    def add(key, name, clips):
        split = "validation" if name.endswith("?") else "train"
        sounds.setdefault(f"{key}/{split}/{name.rstrip('?')}", []).extend(clips)

    for table, key in ((VOICES, "voice"), (NOISES, "noise")):
        for name, package, pattern in table:
            clips = []
            for path, content in files(cache, package, pattern):
                if is_reserved(package, path) or re.search(RESERVED_LANGUAGES, path):
                    continue
                base = os.path.basename(path)
                if key == "voice" and (NO_WORDS.search(base) or "/silence/" in path) or key == "noise" and PEOPLE.search(base):
                    continue
                if hashlib.sha256(content).hexdigest() in reserved:
                    print(f"left out, for it is a reserved file by another name: {path}")
                    continue
                check_not_reserved(package, path, content, reserved)
                x = decode(path, content)
                if x is not None:
                    clips.append(x)
            print(f"{key:6s} {name:16s} {package:30s} {len(clips):5d} files {sum(map(len, clips)) / RATE:7.0f} s", flush=True)
            add(key, name, clips)
    for engine, voice in SPOKEN:
        try:
            clips = spoken(engine, voice.rstrip("?"))
        except OSError as e:
            sys.exit(f"{engine}: {e}")
        print(f"spoken {voice:16s} {engine:30s} {len(clips):5d} texts {sum(map(len, clips)) / RATE:7.0f} s", flush=True)
        add("voice", f"{engine}:{voice}", clips)
    return {k: v for k, v in sounds.items() if v}


def save(sounds, path):
    flat, index = [], []
    for key, clips in sounds.items():
        for clip in clips:
            index.append((key, len(clip)))
            flat.append(clip)
    np.savez(path, samples=np.concatenate(flat), keys=np.array([k for k, _ in index]), lengths=np.array([n for _, n in index]))


def load(path):
    z = np.load(path)
    sounds, at, samples = {}, 0, z["samples"]
    for key, n in zip(z["keys"], z["lengths"]):
        sounds.setdefault(str(key), []).append(samples[at:at + n])
        at += n
    return sounds


if __name__ == "__main__":
    cache = sys.argv[1]
    fetch(cache)
    save(gather(cache), f"{cache}/sounds.npz")
