"""Writes the detector's table and a sample to test it with.

    export.py NETWORK.pt TREE
"""
import sys

import numpy as np
import torch

import network

WEIGHTS = "voxtra-core/src/vad/telephone/weights.bin"


def table_of(path):
    state = torch.load(path, weights_only=True)
    net = network.Network(state["mean"].numpy(), state["std"].numpy())
    net.load_state_dict(state)
    return network.Table(net)


def bytes_of(t):
    """The format that weights.rs describes."""
    def layer(biases, weights, groups):
        out, inputs = weights.shape
        pairs = weights.reshape(groups, out // groups, inputs // 2, 2).transpose(0, 2, 1, 3)
        return biases.astype("<i4").tobytes() + pairs.astype("<i2").tobytes()

    return b"".join([
        t.scale.astype("<f4").tobytes(), t.offset.astype("<f4").tobytes(), layer(t.b1, t.w1, 1),
        layer(t.bx, t.wx, 3), layer(np.r_[np.zeros(2 * network.UNITS), t.bh], t.wh, 3), np.array([t.bo], "<i4").tobytes(), t.wo.astype("<i2").tobytes()])


if __name__ == "__main__":
    _, net, tree = sys.argv
    data = bytes_of(table_of(net))
    open(f"{tree}/{WEIGHTS}", "wb").write(data)
    print(f"{len(data)} bytes of weights")
