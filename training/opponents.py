"""Scores detectors on a labelled set: ours, those of `other_detector` (benches/detectors) and Silero, as tables.

    opponents.py SET NAME=COMMAND ... [silero=MODEL.onnx]

SET has CONDITION.wav, label60.npy and label240.npy. A command gets a WAV file's path appended and prints t_ms,probability,speech for
every 20 ms, as `voxtra vad --frames` does. Silero's ONNX file is in its PyPI package, silero-vad; it is run at 8 kHz by onnxruntime,
and its cost is that of onnxruntime on one thread called from here. With --save FILE.npz the first one's probabilities are kept.
"""
import glob
import os
import subprocess
import sys
import time

import numpy as np
import soundfile as sf

import decide
import measure


def by_command(command, path):
    out = subprocess.run([*command.split(), path], check=True, capture_output=True, text=True).stdout
    rows = [line.split(",") for line in out.splitlines() if line[:1].isdigit()]
    return np.array([float(r[1]) for r in rows]), np.array([r[2].strip() == "1" for r in rows])


class Silero:
    """Chunks of 256 samples (32 ms), each with the 32 before it; a frame has the answer of the last whole chunk."""

    def __init__(self, model):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.spent, self.frames = 0.0, 0

    def __call__(self, path):
        x, _ = sf.read(path, dtype="float32")
        state, context, rate = np.zeros((2, 1, 128), np.float32), np.zeros(32, np.float32), np.array(8000)
        p = []
        began = time.perf_counter()
        for i in range(0, len(x) - 255, 256):
            chunk = np.r_[context, x[i:i + 256]]
            out, state = self.session.run(None, {"input": chunk[None], "state": state, "sr": rate})
            context = chunk[-32:]
            p.append(out[0, 0])
        self.spent += time.perf_counter() - began
        frames = len(x) // 160
        self.frames += frames
        whole = (np.arange(1, frames + 1) * 160) // 256
        p = np.where(whole > 0, np.array(p)[np.maximum(whole - 1, 0)], 0)
        return p, p >= 0.5


def main():
    args = sys.argv[1:]
    save = None
    if "--save" in args:
        i = args.index("--save")
        save = args[i + 1]
        del args[i:i + 2]
    root, detectors = args[0], [a.split("=", 1) for a in args[1:]]
    y60, y240 = (np.load(f"{root}/label{n}.npy").astype(bool) for n in (60, 240))
    files = sorted(glob.glob(root + "/*.wav"))
    names = [os.path.basename(f)[:-4] for f in files]
    table = {}
    for name, command in detectors:
        hear = Silero(command) if name == "silero" else lambda path: by_command(command, path)
        P, D = {}, {}
        for condition, path in zip(names, files):
            p, d = hear(path)
            n = len(y60)
            P[condition], D[condition] = np.r_[p, np.zeros(max(0, n - len(p)))][:n], np.r_[d, np.zeros(max(0, n - len(d)), bool)][:n]
        if save:
            np.savez(save, **P)
            save = None
        speech = [c for c in names if c[:3] != "ns_"]
        table[name] = [measure.auc(P[c], y60) for c in speech]
        p = np.concatenate([P[c] for c in names])
        y = np.concatenate([y60 if c in speech else np.zeros_like(y60) for c in names])
        alone = "/".join(f"{D[c].mean():.3f}" for c in ("ns_amb", "ns_mus", "ns_sta", "ns_ton"))
        on50, on95, off50, off95, _ = decide.latencies(D["clean_ulaw"], y240)
        print(f"{name:12s} AUC {measure.auc(p, y):.4f}  TPR@5% {measure.hit_rate(p, y, .05):.3f}  TPR@1% {measure.hit_rate(p, y, .01):.3f}"
              f"  speech on noise alone amb/mus/sta/ton {alone}  onset {on50:.0f}/{on95:.0f} ms  offset {off50:.0f}/{off95:.0f} ms"
              + (f"  {1e9 * hear.spent / hear.frames:.0f} ns a frame" if name == "silero" else ""), flush=True)
    print("\n" + " " * 12 + " ".join(f"{c:>7s}"[:7] for c in names if c[:3] != "ns_"))
    for name, row in table.items():
        print(f"{name:12s}" + " ".join(f"{v:7.3f}" for v in row))


if __name__ == "__main__":
    main()
