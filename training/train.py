"""Trains the detector: calls → features → network → table.

    train.py CACHE OUT [--calls N] [--seeds N] [--epochs N] [--jobs N]

Reads CACHE/sounds.npz (sources.py makes it), keeps features in CACHE/calls/, writes OUT/network.pt. Same arguments, same
network. Prints the figures of each epoch on validation calls, whose voices and noises training never hears.
"""
import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from torch import nn

import calls
import features
import measure
import network
import sources

SEED = 20260107
PIECE = 250     # frames of a call that gradients go back through
SHARD = 200     # calls that are made and kept together
_studio = None


def start(path, split):
    global _studio
    _studio = calls.Studio(sources.load(path), split)


def make(seed):
    samples, label, kind = _studio.call(seed)
    return features.features(samples), label, kind


def shard(cache, split, number, jobs):
    """Features [SHARD, frames, 64], truth and kinds of one shard of calls; made once, then read."""
    stem = f"{cache}/calls/{split}-{number}"
    if not os.path.exists(stem + ".kind.npy"):
        os.makedirs(f"{cache}/calls", exist_ok=True)
        X, Y, K = np.zeros((SHARD, calls.FRAMES, features.FEATURES), np.float16), np.zeros((SHARD, calls.FRAMES), np.uint8), []
        began = time.time()
        with ProcessPoolExecutor(jobs, initializer=start, initargs=(f"{cache}/sounds.npz", split)) as pool:
            seeds = [[SEED, split == "train", number * SHARD + i] for i in range(SHARD)]
            for i, (f, label, kind) in enumerate(pool.map(make, seeds, chunksize=8)):
                X[i], Y[i] = f, label
                K.append(kind)
        np.save(stem + ".npy", X)
        np.save(stem + ".truth.npy", Y)
        np.save(stem + ".kind.npy", np.array(K))
        print(f"{split} shard {number}: {SHARD} calls in {time.time() - began:.0f} s", flush=True)
    return np.load(stem + ".npy"), np.load(stem + ".truth.npy"), np.load(stem + ".kind.npy")


def dataset(cache, split, count, jobs):
    parts = [shard(cache, split, n, jobs) for n in range(-(-count // SHARD))]
    return [np.concatenate(p)[:count] for p in zip(*parts)]


def weights(Y, K, alone, hard):
    """What each frame counts. The beginning of speech is short and matters most; so does noise alone, which makes an agent stumble."""
    W = np.ones(Y.shape, np.float32)
    for call, (y, kind) in enumerate(zip(Y, K)):
        if kind[0] == "-":
            W[call] = alone * (4 / 3 if kind == "-tones" else 1.0)
            continue
        quiet = np.convolve(y, np.ones(12))[:len(y)] == 0      # these 240 ms
        for begin in np.flatnonzero((y[1:] == 1) & quiet[:-1]) + 1:
            W[call, begin:begin + 6] = 3.0 if kind == "clean" else 1.7
        if kind in ("ambience", "babble"):
            W[call] *= hard
    return W


def predict(net, X, batch=200):
    out = []
    with torch.no_grad():
        for i in range(0, len(X), batch):
            out.append(torch.sigmoid(net(torch.from_numpy(X[i:i + batch].astype(np.float32)))[0]).numpy())
    return np.concatenate(out)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("cache")
    a.add_argument("out")
    a.add_argument("--calls", type=int, default=7400)
    a.add_argument("--validation", type=int, default=400)
    a.add_argument("--seeds", type=int, default=1)
    a.add_argument("--epochs", type=int, default=16)
    a.add_argument("--alone", type=float, default=2.0, help="what a frame of noise alone counts in the loss")
    a.add_argument("--hard", type=float, default=1.2, help="what a frame of a caller amid ambience or babble counts")
    a.add_argument("--average", type=float, default=0.998, help="how slowly the weights that are kept follow those that are trained")
    a.add_argument("--rate", type=float, default=5e-3, help="highest learning rate")
    a.add_argument("--start", help="a network to go on with")
    a.add_argument("--jobs", type=int, default=1)
    a.add_argument("--batch", type=int, default=64)
    a.add_argument("--split", default="train")
    a.add_argument("--make", help="FROM:TO, only makes these shards of training calls")
    a = a.parse_args()
    torch.set_num_threads(1)
    os.makedirs(a.out, exist_ok=True)
    if a.make:
        for n in range(*map(int, a.make.split(":"))):
            shard(a.cache, a.split, n, a.jobs)
        return
    Xv, Yv, Kv = dataset(a.cache, "validation", a.validation, a.jobs)
    X, Y, K = dataset(a.cache, "train", a.calls, a.jobs)
    W = weights(Y, K, a.alone, a.hard)
    some = X[:: max(1, len(X) // 500)].astype(np.float64)
    mean, std = some.mean((0, 1)), some.std((0, 1)) + 1e-3
    best = -1
    for seed in range(a.seeds):
        torch.manual_seed(SEED + seed)
        rng = np.random.default_rng(SEED + seed)
        net = network.Network(mean, std)
        if a.start:
            net.load_state_dict(torch.load(a.start, weights_only=True))
        slow = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(a.average))
        steps = a.epochs * (len(X) // a.batch) * (calls.FRAMES // PIECE)
        optimizer = torch.optim.AdamW(net.parameters(), a.rate, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, a.rate, total_steps=steps, pct_start=0.1, final_div_factor=300)
        began = time.time()
        for epoch in range(a.epochs):
            order, total = rng.permutation(len(X)), 0.0
            for i in range(0, len(X) - a.batch + 1, a.batch):
                chosen = np.sort(order[i:i + a.batch])
                x = torch.from_numpy(X[chosen].astype(np.float32))
                y = torch.from_numpy(Y[chosen].astype(np.float32))
                w = torch.from_numpy(W[chosen])
                # The state goes on from piece to piece, the gradient doesn't.
                state = None
                for at in range(0, calls.FRAMES, PIECE):
                    logit, state = net(x[:, at:at + PIECE], state)
                    state = state.detach()
                    loss = nn.functional.binary_cross_entropy_with_logits(logit, y[:, at:at + PIECE], w[:, at:at + PIECE])
                    optimizer.zero_grad()
                    loss.backward()
                    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                    optimizer.step()
                    net.fit()
                    schedule.step()
                    slow.update_parameters(net)
                    total += loss.item()
            p = predict(slow.module, Xv)
            f = measure.figures(p.ravel(), Yv.ravel() > 0)
            alone = " ".join(f"{k[1:]} {(p[Kv == k] > 0.6).mean():.4f}" for k in sorted(set(Kv)) if k[0] == "-")
            print(f"seed {seed} epoch {epoch:2d} loss {total / (steps / a.epochs):.4f}  validation AUC {f[0]:.4f} TPR@5% {f[1]:.3f} TPR@1% {f[2]:.3f}"
                  f"  above 0.6 on noise alone: {alone}  ({time.time() - began:.0f} s)", flush=True)
            goodness = f[0] + 0.2 * f[1] + 0.1 * f[2]
            if goodness > best:
                best = goodness
                torch.save(slow.module.state_dict(), f"{a.out}/network.pt")
    print(f"best {best:.4f}")


if __name__ == "__main__":
    main()
