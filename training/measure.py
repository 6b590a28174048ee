"""Figures of probabilities against the truth."""
import numpy as np


def auc(p, y):
    _, inverse, count = np.unique(p, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[inverse]
    ones = y.sum()
    return (rank[y].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones))


def hit_rate(p, y, false_alarms):
    """Share of speech frames above the threshold that this share of the others is above."""
    return (p[y] > np.sort(p[~y])[::-1][int(false_alarms * (~y).sum())]).mean()


def figures(p, y):
    return auc(p, y), hit_rate(p, y, 0.05), hit_rate(p, y, 0.01)
