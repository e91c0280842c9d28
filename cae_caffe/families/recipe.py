"""How a family is trained: the start of the weights and the solver's fields.

HDF5 data starts again at its first row on resuming, so only a snapshot after whole passes over the data can be resumed
as if nothing had happened: 3000 batches of 100 are five passes over MNIST, and 3750 of 64 are four.
"""

from __future__ import annotations

from typing import NamedTuple


class Recipe(NamedTuple):
    """Caffe's solver fields of the same names, and `sparse`: how many weights of an inner product's input start other
    than 0, on average; None starts inner products as convolutions start.
    """

    base_lr: float
    lr_policy: str
    max_iter: int
    test_interval: int
    weight_decay: float = 0.0005
    gamma: float | None = None
    power: float | None = None
    stepsize: int | None = None
    momentum: float | None = None
    snapshot: int = 3000
    sparse: int | None = None
