"""The network: 64 features → dense 32, tanh → GRU 40 → one number, whose logistic is the probability of speech.

`Network` is what PyTorch trains. `Table` is what the detector carries: 16-bit weights and the same arithmetic as
voxtra-core/src/vad/telephone/network.rs, step by step.
"""
import numpy as np
import torch
from numba import njit
from torch import nn

from features import FEATURES

DENSE, UNITS = 32, 40
INPUT_ONE = 1 << 12     # fixed point of a normalised feature, which is cut off a little below +-8
STATE_ONE = 1 << 14     # of what tanh gives, and of the GRU's state
WEIGHT_ONE = 1 << 12    # of a weight
CUT = 7.99


class Network(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32))
        self.dense = nn.Linear(FEATURES, DENSE)
        self.gru = nn.GRU(DENSE, UNITS, batch_first=True)
        self.out = nn.Linear(UNITS, 1)

    def forward(self, x, h=None):
        x = ((x - self.mean) / self.std).clamp(-CUT, CUT)
        y, h = self.gru(torch.tanh(self.dense(x)), h)
        return self.out(y)[..., 0], h

    @torch.no_grad()
    def fit(self):
        """Brings weights down as far as sums need to fit 32 bits, whatever the input: what `Table.check` asks for."""
        for weights, most in ((self.dense.weight, CUT * INPUT_ONE), (self.gru.weight_ih_l0, STATE_ONE),
                              (self.gru.weight_hh_l0, STATE_ONE), (self.out.weight, STATE_ONE)):
            limit = 0.95 * 2 ** 31 / (most * WEIGHT_ONE)
            weights *= (limit / weights.abs().sum(1, keepdim=True)).clamp(max=1)


@njit(cache=True)
def tanh(x):
    """Lambert's continued fraction, cut off at +-6: within 6e-5, one step of the state."""
    x = min(max(x, np.float32(-6.0)), np.float32(6.0))
    s = x * x
    p = ((np.float32(36.0) * s + np.float32(6930.0)) * s + np.float32(270270.0)) * s + np.float32(2027025.0)
    q = (((s + np.float32(630.0)) * s + np.float32(51975.0)) * s + np.float32(945945.0)) * s + np.float32(2027025.0)
    return x * p / q


@njit(cache=True)
def logistic(x):
    return np.float32(0.5) + np.float32(0.5) * tanh(np.float32(0.5) * x)


@njit(cache=True)
def fixed(x, one):
    """To the nearest step, halves to even."""
    return np.int64(np.rint(x * np.float32(one)))


@njit(cache=True)
def run(F, scale, offset, w1, b1, wx, wh, bx, bh, wo, bo):
    """Probabilities of a call. Weights are integers and sums are exact."""
    frames = len(F)
    out = np.zeros(frames, np.float32)
    x = np.zeros(FEATURES, np.int64)
    d = np.zeros(DENSE, np.int64)
    h = np.zeros(UNITS, np.int64)
    heard = np.zeros(3 * UNITS, np.int64)
    kept = np.zeros(3 * UNITS, np.int64)
    real = np.zeros(UNITS, np.float32)
    k1 = np.float32(1.0 / (INPUT_ONE * WEIGHT_ONE))
    k2 = np.float32(1.0 / (STATE_ONE * WEIGHT_ONE))
    for t in range(frames):
        for i in range(FEATURES):
            v = F[t, i] * scale[i] + offset[i]
            x[i] = fixed(min(max(v, np.float32(-CUT)), np.float32(CUT)), INPUT_ONE)
        for j in range(DENSE):
            s = b1[j]
            for i in range(FEATURES):
                s += w1[j, i] * x[i]
            d[j] = fixed(tanh(np.float32(s) * k1), STATE_ONE)
        for j in range(3 * UNITS):
            heard[j] = bx[j]
            for i in range(DENSE):
                heard[j] += wx[j, i] * d[i]
            kept[j] = bh[j - 2 * UNITS] if j >= 2 * UNITS else 0
            for i in range(UNITS):
                kept[j] += wh[j, i] * h[i]
        for j in range(UNITS):
            r, z, n = j, UNITS + j, 2 * UNITS + j
            rr = logistic((np.float32(heard[r]) + np.float32(kept[r])) * k2)
            zz = logistic((np.float32(heard[z]) + np.float32(kept[z])) * k2)
            nn_ = tanh(np.float32(heard[n]) * k2 + rr * (np.float32(kept[n]) * k2))
            real[j] = nn_ + zz * (np.float32(h[j]) * np.float32(1.0 / STATE_ONE) - nn_)
        s = 0
        for j in range(UNITS):
            h[j] = fixed(real[j], STATE_ONE)
            s += wo[j] * h[j]
        out[t] = logistic(np.float32(bo + s) * k2)
    return out


class Table:
    """The trained network in 16-bit weights and 32-bit biases."""

    def __init__(self, net):
        g = lambda t: t.detach().double().numpy()
        q = lambda w, one: np.round(w * one).astype(np.int64)
        self.scale = (1 / g(net.std)).astype(np.float32)
        self.offset = (-g(net.mean) / g(net.std)).astype(np.float32)
        self.w1, self.b1 = q(g(net.dense.weight), WEIGHT_ONE), q(g(net.dense.bias), WEIGHT_ONE * INPUT_ONE)
        self.wx, self.wh = q(g(net.gru.weight_ih_l0), WEIGHT_ONE), q(g(net.gru.weight_hh_l0), WEIGHT_ONE)
        bi, bh, u = g(net.gru.bias_ih_l0), g(net.gru.bias_hh_l0), UNITS
        bi = np.r_[bi[:2 * u] + bh[:2 * u], bi[2 * u:]]
        self.bx, self.bh = q(bi, WEIGHT_ONE * STATE_ONE), q(bh[2 * u:], WEIGHT_ONE * STATE_ONE)
        self.wo, self.bo = q(g(net.out.weight)[0], WEIGHT_ONE), int(q(g(net.out.bias)[0], WEIGHT_ONE * STATE_ONE))
        self.check()

    def check(self):
        """Weights fit 16 bits, and no sum can leave 32 bits whatever the input."""
        for w in (self.w1, self.wx, self.wh, self.wo):
            assert np.abs(w).max() < 1 << 15, "a weight does not fit"
        for weights, biases, most in ((self.w1, self.b1, CUT * INPUT_ONE), (self.wx, self.bx, STATE_ONE),
                                      (self.wh, np.abs(self.bh).max(), STATE_ONE), (self.wo[None], self.bo, STATE_ONE)):
            assert (np.abs(weights).sum(1) * most + np.abs(biases)).max() < 1 << 31, "a sum may overflow"

    def probabilities(self, F):
        return run(F, self.scale, self.offset, self.w1, self.b1, self.wx, self.wh, self.bx, self.bh, self.wo, self.bo)
