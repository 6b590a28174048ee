"""The figures of a network's table on validation calls: voices and noises that training never heard.

    report.py CACHE NETWORK.pt [CALLS]
"""
import sys

import numpy as np

import export
import measure
import train


def main():
    cache, net = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 400
    X, Y, K = train.dataset(cache, "validation", count, 1)
    table = export.table_of(net)
    P = np.stack([table.probabilities(x.astype(np.float32)) for x in X])
    Y = Y > 0
    print("calls          number  AUC    TPR@5%  TPR@1%   above 0.5, 0.7, 0.9")
    for kind in sorted(set(K)):
        p, y = P[K == kind], Y[K == kind]
        above = " ".join(f"{(p[~y] > t).mean():.4f}" for t in (0.5, 0.7, 0.9))
        tell = "%.4f  %.3f   %.3f  " % measure.figures(p.ravel(), y.ravel()) if y.any() else " " * 23
        print(f"{kind:12s} {len(p):7d}   {tell}  {above}")
    print("all          %7d   %.4f  %.3f   %.3f" % (len(P), *measure.figures(P.ravel(), Y.ravel())))


if __name__ == "__main__":
    main()
