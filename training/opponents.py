"""Scores detectors on a labelled set: ours, those of `other_detector` (benches/detectors) and Silero, as tables.

    opponents.py SET NAME=COMMAND ... [silero-8k=MODEL.onnx] [silero-16k=MODEL.onnx]
    opponents.py --cost MODEL.onnx SAMPLE.s16      what Silero costs, beside `cargo bench -p voxtra-benches --bench detectors`

SET has CONDITION.wav, label60.npy and label240.npy. A command gets a WAV file's path appended and prints t_ms,probability,speech for
every 20 ms, as `voxtra vad --frames` does. The first is ours, of which the decision of docs/voice-detector.md is made: speech from 0.5
until two frames in a row are below 0.25; of the others, what their column says. Those called `webrtc` say only yes or no: the last table
sets our hits against theirs at the same share of false alarms in each condition. Silero's ONNX file is in its PyPI package, silero-vad; it
is run by onnxruntime on one thread, at 16 kHz after resampling. With --save FILE.npz the first one's probabilities are kept.
"""
import glob
import os
import subprocess
import sys
import time

import numpy as np
import soundfile as sf
import soxr

import decide
import measure


def by_command(command, path):
    out = subprocess.run([*command.split(), path], check=True, capture_output=True, text=True).stdout
    rows = [line.split(",") for line in out.splitlines() if line[:1].isdigit()]
    return np.array([float(r[1]) for r in rows]), np.array([r[2].strip() == "1" for r in rows])


class Silero:
    """Chunks of 32 ms, each with the 4 ms before it; a frame has the answer of the last whole chunk."""

    def __init__(self, model, rate):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.rate = rate

    def chunks(self, x):
        """Probabilities of the chunks of samples at 8 kHz."""
        x = soxr.resample(x, 8000, self.rate).astype(np.float32) if self.rate != 8000 else x
        size, before = self.rate * 32 // 1000, self.rate * 4 // 1000
        state, context, rate = np.zeros((2, 1, 128), np.float32), np.zeros(before, np.float32), np.array(self.rate)
        p = []
        for i in range(0, len(x) - size + 1, size):
            chunk = np.r_[context, x[i:i + size]]
            out, state = self.session.run(None, {"input": chunk[None], "state": state, "sr": rate})
            context = chunk[-before:]
            p.append(out[0, 0])
        return np.array(p)

    def __call__(self, path):
        x, _ = sf.read(path, dtype="float32")
        p = self.chunks(x)
        whole = np.minimum((np.arange(1, len(x) // 160 + 1) * 160) // 256, len(p))
        p = np.where(whole > 0, p[np.maximum(whole - 1, 0)], 0)
        return p, p >= 0.5


def cost(model, sample):
    x = np.fromfile(sample, "<i2").astype(np.float32) / 32768
    for rate in (8000, 16000):
        silero = Silero(model, rate)
        spent = []
        for _ in range(9):
            began = time.perf_counter()
            silero.chunks(x)
            spent.append((time.perf_counter() - began) / (len(x) // 160))
        print(f"silero at {rate} Hz: {1e9 * np.median(spent):.0f} ns for 20 ms (median of 9; the best {1e9 * min(spent):.0f})")


def hits_at(p, y, false_alarms):
    """Share of speech frames above the lowest threshold with at most this share of false alarms."""
    threshold = np.sort(p[~y])[::-1][min(int(false_alarms * (~y).sum()), (~y).sum() - 1)]
    return (p[y] > threshold).mean()


def main():
    args = sys.argv[1:]
    if args[0] == "--cost":
        return cost(*args[1:])
    save = None
    if "--save" in args:
        i = args.index("--save")
        save = args[i + 1]
        del args[i:i + 2]
    root, detectors = args[0], [a.split("=", 1) for a in args[1:]]
    y60, y240 = (np.load(f"{root}/label{n}.npy").astype(bool) for n in (60, 240))
    files = sorted(glob.glob(root + "/*.wav"))
    names = [os.path.basename(f)[:-4] for f in files]
    speech = [c for c in names if c[:3] != "ns_"]
    alone = [c for c in ("ns_amb", "ns_mus", "ns_sta", "ns_ton") if c in names]
    n = len(y60)
    P, D, table = {}, {}, {}
    for name, command in detectors:
        hear = Silero(command, int(name[7:-1]) * 1000) if name.startswith("silero-") else lambda path: by_command(command, path)
        P[name], D[name] = {}, {}
        for condition, path in zip(names, files):
            p, d = hear(path)
            p, d = np.r_[p, np.zeros(max(0, n - len(p)))][:n], np.r_[d, np.zeros(max(0, n - len(d)), bool)][:n]
            P[name][condition], D[name][condition] = p, decide.decide(p, 0.5, 0.25, 1, 1, 2) if name == detectors[0][0] else d
        if save:
            np.savez(save, **P[name])
            save = None
        table[name] = [measure.auc(P[name][c], y60) for c in speech]
        p = np.concatenate([P[name][c] for c in names])
        y = np.concatenate([y60 if c in speech else np.zeros_like(y60) for c in names])
        false = " ".join(f"{100 * D[name][c].mean():6.2f}" for c in alone)
        on50, on95, off50, off95, _ = decide.latencies(D[name]["clean_ulaw"], y240)
        rates = [measure.hit_rate(p, y, share) for share in (.05, .01)] if len(np.unique(p)) > 2 else [np.nan] * 2
        print(f"{name:12s} AUC {measure.auc(p, y):.4f}  TPR@5% {rates[0]:.3f}  TPR@1% {rates[1]:.3f}  speech on noise alone, %, amb mus sta ton {false}"
              f"  clean_ulaw onset {on50:.0f}/{on95:.0f} ms  offset {off50:.0f}/{off95:.0f} ms", flush=True)
    print("\nAUC" + " " * 9 + " ".join(f"{c:>7s}"[:7] for c in speech))
    for name, row in table.items():
        print(f"{name:12s}" + " ".join(f"{v:7.3f}" for v in row))
    ours = detectors[0][0]
    if "webrtc" in P:
        print("\ncondition    false alarms of webrtc   its hits   ours at as many   AUC ours   AUC webrtc")
        for c, a, b in zip(speech, table[ours], table["webrtc"]):
            d = D["webrtc"][c]
            print(f"{c:12s} {d[~y60].mean():22.3f} {d[y60].mean():10.3f} {hits_at(P[ours][c], y60, d[~y60].mean()):17.3f} {a:10.3f} {b:12.3f}")
        for c in alone:
            print(f"{c:12s} speech by webrtc {D['webrtc'][c].mean():.4f}, by ours {D[ours][c].mean():.4f}")


if __name__ == "__main__":
    main()
