"""How the paper trains each family: the start of the weights (section 3) and the solver's parameters (Table 5).

What the paper leaves open is filled from Caffe's own auto-encoder example or by what came nearest to the paper's losses
in real Caffe: `max_iter` is that of Tables 1 and 4, tests come a few times a run. The siamese network is Caffe's
example (examples/siamese), which the paper took as it was.

HDF5 data starts again at its first row on resuming, so only a snapshot after whole passes over the data can be resumed
as if nothing had happened: 3000 batches of 100 are five passes over MNIST, and 3750 of 64 are four.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..models import Convolution, Deconvolution, InnerProduct
from ..models.layers import Operation


@dataclass(frozen=True)
class Recipe:
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

    def weight_filler(self, operation: Operation) -> dict[str, object]:
        """The FillerParameter of an operation's weights."""
        return _FILLERS[type(operation)](operation, self)


def _xavier(operation: Operation, recipe: Recipe) -> dict[str, object]:
    return {"type": "xavier"}


def _sparse_gaussian(operation: InnerProduct, recipe: Recipe) -> dict[str, object]:
    if recipe.sparse is None:
        return _xavier(operation, recipe)
    # Caffe draws its mask with the probability sparse / num_output and aborts where that passes 1. At 1 it keeps every
    # weight but still draws; leaving `sparse` out would draw less and so change every random number behind it.
    return {"type": "gaussian", "std": 1, "sparse": min(recipe.sparse, operation.neurons)}


_FILLERS = {Convolution: _xavier, Deconvolution: _xavier, InnerProduct: _sparse_gaussian}

RECIPES = {
    "classic": Recipe(sparse=15, base_lr=0.01, lr_policy="step", gamma=0.1, stepsize=1000, momentum=0.9,
                      max_iter=5000, test_interval=1000),
    "convolutional": Recipe(sparse=25, base_lr=0.006, lr_policy="fixed", max_iter=20000, test_interval=5000),
    "siamese": Recipe(base_lr=0.01, lr_policy="inv", gamma=0.0001, power=0.75, momentum=0.9, weight_decay=0,
                      max_iter=50000, test_interval=500, snapshot=3750),
}
