"""How a layer type may be run: what the net, and what records its steps, may do with its layers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Traits:
    """Policy only; what a layer computes, and of how many blobs, its class says (see Layer).

    `keeps_order`: values stay where they are from bottom to top, so that both should be stored in the same order.
    `runs_in_place`: a top may be a bottom; the layer keeps what its backward pass needs of the values it overwrites.
    `capturable`: it computes the same way at every step, so that a step can be recorded on a GPU: it draws nothing
    from Caffe's random stream and calls nobody's Python.
    `replayable`: it comes to the same tensor operations on the same memory at every step, without numpy and without
    reading a value, so that on a CPU a step can be repeated as a list of operations. For layers of small nets on the
    hot path.
    `shows_blobs`: it hands its bottoms and tops to a user's code, which may take them for plain arrays.

    A layer whose options decide says so of itself, in Layer.is_capturable and Layer.is_replayable.
    """

    keeps_order: bool = False
    runs_in_place: bool = False
    capturable: bool = True
    replayable: bool = False
    shows_blobs: bool = False
