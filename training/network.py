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
INPUT_ONE = 1 << 10     # fixed point of a normalised feature, which is cut off at +-8
STATE_ONE = 1 << 14     # of what tanh gives, and of the GRU's state
WEIGHT_ONE = 1 << 12    # of a weight
CUT = 8.0


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
    """Probabilities of a call. Weights are integers and sums are exact, but for the halving of each pair of products: sums and
    biases are half of what they stand for."""
    frames = len(F)
    out = np.zeros(frames, np.float32)
    x = np.zeros(FEATURES, np.int64)
    d = np.zeros(DENSE, np.int64)
    h = np.zeros(UNITS, np.int64)
    real = np.zeros(UNITS, np.float32)
    k1 = np.float32(2.0 / (INPUT_ONE * WEIGHT_ONE))
    k2 = np.float32(2.0 / (STATE_ONE * WEIGHT_ONE))
    for t in range(frames):
        for i in range(FEATURES):
            v = F[t, i] * scale[i] + offset[i]
            x[i] = fixed(min(max(v, np.float32(-CUT)), np.float32(CUT)), INPUT_ONE)
        for j in range(DENSE):
            s = b1[j]
            for i in range(0, FEATURES, 2):
                s += (w1[j, i] * x[i] + w1[j, i + 1] * x[i + 1]) >> 1
            d[j] = fixed(tanh(np.float32(s) * k1), STATE_ONE)
        for j in range(UNITS):
            r, z, n, m = bx[j], bx[UNITS + j], bx[2 * UNITS + j], bh[j]
            for i in range(0, DENSE, 2):
                r += (wx[j, i] * d[i] + wx[j, i + 1] * d[i + 1]) >> 1
                z += (wx[UNITS + j, i] * d[i] + wx[UNITS + j, i + 1] * d[i + 1]) >> 1
                n += (wx[2 * UNITS + j, i] * d[i] + wx[2 * UNITS + j, i + 1] * d[i + 1]) >> 1
            for i in range(0, UNITS, 2):
                r += (wh[j, i] * h[i] + wh[j, i + 1] * h[i + 1]) >> 1
                z += (wh[UNITS + j, i] * h[i] + wh[UNITS + j, i + 1] * h[i + 1]) >> 1
                m += (wh[2 * UNITS + j, i] * h[i] + wh[2 * UNITS + j, i + 1] * h[i + 1]) >> 1
            rr = logistic(np.float32(r) * k2)
            zz = logistic(np.float32(z) * k2)
            nn_ = tanh(np.float32(n) * k2 + rr * (np.float32(m) * k2))
            real[j] = nn_ + zz * (np.float32(h[j]) * np.float32(1.0 / STATE_ONE) - nn_)
        s = 0
        for j in range(UNITS):
            h[j] = fixed(real[j], STATE_ONE)
            s += wo[j] * h[j]
        out[t] = logistic(np.float32(bo + (s >> 1)) * k2)
    return out


class Table:
    """The trained network in 16-bit weights and 32-bit biases."""

    def __init__(self, net):
        g = lambda t: t.detach().double().numpy()
        q = lambda w, one: np.round(w * one).astype(np.int64)
        self.scale = (1 / g(net.std)).astype(np.float32)
        self.offset = (-g(net.mean) / g(net.std)).astype(np.float32)
        self.w1, self.b1 = q(g(net.dense.weight), WEIGHT_ONE), q(g(net.dense.bias), WEIGHT_ONE * INPUT_ONE / 2)
        self.wx, self.wh = q(g(net.gru.weight_ih_l0), WEIGHT_ONE), q(g(net.gru.weight_hh_l0), WEIGHT_ONE)
        bi, bh, u = g(net.gru.bias_ih_l0), g(net.gru.bias_hh_l0), UNITS
        bi = np.r_[bi[:2 * u] + bh[:2 * u], bi[2 * u:]]
        self.bx, self.bh = q(bi, WEIGHT_ONE * STATE_ONE / 2), q(bh[2 * u:], WEIGHT_ONE * STATE_ONE / 2)
        self.wo, self.bo = q(g(net.out.weight)[0], WEIGHT_ONE), int(q(g(net.out.bias)[0], WEIGHT_ONE * STATE_ONE / 2))
        self.check()

    def check(self):
        """Weights fit 16 bits, and no sum can leave 32 bits whatever the input."""
        for w in (self.w1, self.wx, self.wh, self.wo):
            assert np.abs(w).max() < 1 << 15, "a weight does not fit"
        worst = max((np.abs(self.w1).sum(1) * (int(CUT) * INPUT_ONE) + np.abs(self.b1)).max(),
                    ((np.abs(self.wx).sum(1) + np.abs(self.wh).sum(1)) * STATE_ONE + np.abs(self.bx)).max() + np.abs(self.bh).max(),
                    np.abs(self.wo).sum() * STATE_ONE + abs(self.bo))
        assert worst < 1 << 31, "a sum may overflow"

    def probabilities(self, F):
        return run(F, self.scale, self.offset, self.w1, self.b1, self.wx, self.wh, self.bx, self.bh, self.wo, self.bo)
