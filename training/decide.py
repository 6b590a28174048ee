"""Looks for a decision: which thresholds and times turn probabilities into speech that starts early and never on noise.

    decide.py SET PROBABILITIES.npz

SET has label60.npy and label240.npy; the archive has one array of probabilities for each condition (`score.py --save`). A decision is
(start, stop, N, M, hang): speech starts when N of the last M frames reach `start`, and ends when `hang` frames in a row were
below `stop`.
"""
import itertools
import sys

import numpy as np
from numba import njit


@njit(cache=True)
def decide(p, start, stop, need, window, hang):
    out = np.zeros(len(p), np.bool_)
    on, quiet, recent = False, 0, np.zeros(window, np.bool_)
    for t in range(len(p)):
        recent[t % window] = p[t] >= start
        if on:
            quiet = 0 if p[t] >= stop else quiet + 1
            if quiet >= hang:
                on = False
                recent[:] = False
        elif recent.sum() >= need and p[t] >= start:
            on, quiet = True, 0
        out[t] = on
    return out


def latencies(d, y):
    """Onset and offset delays in ms of the turns of y; turns that were on already aren't counted."""
    edges = np.flatnonzero(np.diff(np.r_[0, y.astype(np.int8), 0])).reshape(-1, 2)
    on, off, missed = [], [], 0
    for k, (a, b) in enumerate(edges):
        after = edges[k + 1][0] if k + 1 < len(edges) else len(y)
        if not (a and d[a - 1]):
            hit = np.flatnonzero(d[a:b])
            on += [20 * (hit[0] + 1)] if len(hit) else []
            missed += not len(hit)
        gone = np.flatnonzero(~d[b:after])
        off += [20 * (gone[0] + 1)] if b < len(y) and len(gone) else []
    q = lambda v, share: np.percentile(v, share) if v else np.nan
    return q(on, 50), q(on, 95), q(off, 50), q(off, 95), missed / max(1, len(edges))


def main():
    root, archive = sys.argv[1:3]
    P = dict(np.load(archive))
    y60, y240 = (np.load(f"{root}/label{n}.npy").astype(bool) for n in (60, 240))
    alone = [c for c in P if c.startswith("ns_")]
    rows = []
    for start, stop, (need, window), hang in itertools.product((.5, .6, .7, .8, .85, .9), (.2, .3, .4, .5), ((1, 1), (2, 2), (2, 3), (3, 3), (3, 4)), (1, 2, 3, 4)):
        if stop > start:
            continue
        worst = max(decide(P[c], start, stop, need, window, hang).mean() for c in alone)
        if worst > 0.012:
            continue
        D = {c: decide(P[c], start, stop, need, window, hang) for c in P if c not in alone}
        f1 = np.mean([2 * (d & y60).sum() / (d.sum() + y60.sum()) for d in D.values()])
        rows.append((f1, start, stop, need, window, hang, worst, latencies(D["clean_ulaw"], y240), latencies(D["amb_10"], y240)))
    rows.sort(reverse=True, key=lambda r: r[0])
    print("start stop N/M hang | worst FA  mean F1 | clean_ulaw on50 on95 off50 off95 missed | amb_10 likewise")
    for f1, start, stop, need, window, hang, worst, clean, noisy in rows[:int(sys.argv[3]) if len(sys.argv) > 3 else 25]:
        tell = lambda v: " ".join(f"{x:4.0f}" for x in v[:4]) + f" {v[4]:.3f}"
        print(f"{start:.2f} {stop:.2f} {need}/{window} {hang} | {worst:.4f} {f1:.3f} | {tell(clean)} | {tell(noisy)}")


if __name__ == "__main__":
    main()
