"""What every layer is: shapes from shapes, parameters from fillers, forward and backward over blobs.

A layer type is a subclass of `Layer` registered under Caffe's name for it. It derives from `AutogradLayer`
(autograd_layer.py) if it writes only its forward; layers on the hot path write their backward too, and allocate
nothing per step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, ClassVar

import torch

from ..errors import InputError
from . import blob_proto
from .blob import Blob, Shape
from .fillers import fill
from .lowering import Scratch
from .rng import Stream
from .traits import Traits


@dataclass(frozen=True)
class Count:
    """How many bottoms or tops a layer type takes; `most` None means any number from `least` on."""

    least: int
    most: int | None

    def complaint(self, number: int, what: str) -> str | None:
        """What is wrong with `number` bottoms or tops, or None."""
        if self.least <= number and (self.most is None or number <= self.most):
            return None
        if self.most is None:
            wanted = f"at least {self.least}"
        elif self.least == self.most:
            wanted = f"exactly {self.least}"
        else:
            wanted = f"{self.least} to {self.most}"
        return f"it has {number} {what} blob(s) and takes {wanted}"


def exactly(number: int) -> Count:
    """So many, no more and no less."""
    return Count(number, number)


def at_least(number: int) -> Count:
    """So many or more."""
    return Count(number, None)


def between(least: int, most: int) -> Count:
    """From `least` to `most`, both included."""
    return Count(least, most)


@dataclass(frozen=True)
class Context:
    """What a layer may know of the net that builds it."""

    stream: Callable[[], Stream]   # Caffe's random stream, which fillers and some layers draw from
    inner_net: Callable[[Any, str], Any]        # a Net inside a layer, of a NetParameter and what messages call it
    native_kernels: bool = False   # never lower convolutions, whatever their shapes
    scratch: Scratch = field(default_factory=Scratch)      # memory that its layers use one after the other


class Layer:
    """Base of all layers. `param` is the read-only view of its LayerParameter, with Caffe's defaults filled in."""

    type: ClassVar[str]
    traits: ClassVar[Traits] = Traits()
    bottoms: ClassVar[Count] = exactly(1)
    tops: ClassVar[Count] = exactly(1)
    # One top for each bottom, as convolutions and reshapes of several blobs have.
    as_many_tops_as_bottoms: ClassVar[bool] = False
    # Tops beyond those named in the prototxt are made without a name.
    makes_missing_tops: ClassVar[bool] = False
    # The weight of the first top as a loss where the prototxt gives none.
    default_loss_weight: ClassVar[float] = 0.0

    def __init__(self, param, context: Context):
        self.param = param
        self.name: str = param.name
        self.where = f"layer `{param.name}` (type {param.type})"      # for messages; in a net with its file and line
        self.context = context
        self.blobs: list[Blob] = []
        self.param_needs_diff: list[bool] = []
        self.propagates_down: list[bool] = []      # for each bottom; the net decides it when it is built
        self.loss_weights: list[float] = []
        self.stored_blobs: Sequence = ()           # BlobProtos that the layer's definition holds
        self.times_reshaped = 0        # what was made for the bottoms' shapes was made anew each time
        self._seen_shapes: list[Shape] | None = None

    @classmethod
    def unsupported(cls, param) -> list[str]:
        """Whole clauses naming the options of `param` that this engine does not carry out; empty when all is well."""
        return []

    @classmethod
    def complete(cls, message) -> None:
        """Write into `message`, the layer's own LayerParameter, what Caffe adds to it when it sets the layer up."""

    # What a layer type defines.

    def setup(self, bottom: list[Blob], top: list[Blob]) -> None:
        """Check the parameters and make `self.blobs`; called once, when the shapes of the bottoms are known.

        Raises InputError for parameters that Caffe refuses; the net adds the layer's name and place.
        """

    def shapes(self, bottom_shapes: list[Shape]) -> list[Shape]:
        """The shapes of the tops, from those of the bottoms. By default the tops are like the bottoms."""
        return list(bottom_shapes)

    def reshape(self, bottom: list[Blob], top: list[Blob]) -> None:
        """Give the tops their shapes; called before a forward pass whenever a bottom's shape has changed."""
        for blob, shape in zip(top, self.shapes([b.shape for b in bottom])):
            blob.reshape(shape)

    def compute(self, bottoms: list[torch.Tensor], params: list[torch.Tensor]) -> list[torch.Tensor]:
        """The tops' values from the bottoms' and the parameters', in differentiable torch operations.

        What the layer means as a formula: AutogradLayer runs on it, and so does training several runs together.
        """
        raise InputError(f"Layer `{self.name}` (type {self.type}) has no formula to train several runs together with; "
                         "train them one by one.")

    def forward(self, bottom: list[Blob], top: list[Blob]) -> None:
        """Compute the tops' data from the bottoms'."""
        raise NotImplementedError

    def backward(self, top: list[Blob], propagate_down: list[bool], bottom: list[Blob]) -> None:
        """From the tops' diff, write the bottoms' where `propagate_down`, and add to the parameters'."""
        raise NotImplementedError

    def allows_forced_backward(self, bottom_index: int) -> bool:
        """Whether `force_backward` applies to this bottom (not to labels, for instance)."""
        return True

    def also_stored_as(self, index: int) -> Sequence[Shape]:
        """The shapes, besides its own, in which other Caffes store the same values of parameter `index`."""
        return ()

    def make_room_for(self, stored: Sequence[Shape]) -> None:
        """Take parameters of the shapes `stored`, which are about to be read, if they may have other lengths too."""

    def wants_rows_first(self) -> bool:
        """Whether the layer runs faster if its bottom and top store their rows outermost."""
        return False

    def is_capturable(self) -> bool:
        """Whether its step can be recorded on a GPU, if its options allow what its traits say."""
        return self.traits.capturable

    def is_replayable(self) -> bool:
        """Whether its step can be repeated as a list of operations, if its options allow what its traits say."""
        return self.traits.replayable

    def operations(self, bottom: list[Blob], top: list[Blob]) -> int:
        """About how many floating-point operations a forward pass takes; only layers with much work say."""
        return 0

    def forget(self) -> None:
        """Drop whatever was kept of the last forward pass for the backward pass: a user may have changed blobs."""

    def counts(self) -> tuple[Count, Count]:
        """How many bottoms and tops the layer takes, if its options allow what its type says."""
        return self.bottoms, self.tops

    # What the net calls.

    def adapt(self, bottom: list[Blob], top: list[Blob]) -> None:
        """Reshape the tops if a bottom's shape is not the one seen last."""
        shapes = [blob.shape for blob in bottom]
        if shapes != self._seen_shapes:
            self._seen_shapes = None        # until that has succeeded
            self.reshape(bottom, top)
            self._seen_shapes = shapes
            self.times_reshaped += 1

    def check_counts(self, bottoms: int, tops: int) -> None:
        """Raises InputError if the prototxt gives this layer too few or too many bottoms or tops."""
        wanted_bottoms, wanted_tops = self.counts()
        complaint = wanted_bottoms.complaint(bottoms, "bottom") or wanted_tops.complaint(tops, "top")
        if complaint is None and self.as_many_tops_as_bottoms and bottoms != tops:
            complaint = f"it has {bottoms} bottom and {tops} top blob(s) and takes as many of the one as of the other"
        if complaint is not None:
            raise InputError(f"{complaint}; change its `bottom` and `top` fields.")

    def check_own_tops(self, bottom: list[Blob], top: list[Blob]) -> None:
        """Raises InputError if a top is a bottom, and the layer's result would be lost or, in Caffe, is wrong."""
        if self.traits.runs_in_place:
            return
        for blob, name in zip(top, self.param.top):
            if any(blob is other for other in bottom):
                raise InputError(f"it runs in place (`{name}` is both a bottom and a top), which {self.type} layers "
                                 "cannot; give the top another name.")

    def set_loss_weights(self, top: list[Blob]) -> None:
        """Write each top's loss weight into its diff, where the backward pass finds it (Layer::SetLossWeights)."""
        weights = list(self.param.loss_weight)
        if not weights and self.default_loss_weight:
            weights = [self.default_loss_weight] + [0.0] * (len(top) - 1)
        if weights and len(weights) != len(top):
            raise InputError(f"it has {len(weights)} `loss_weight` values for {len(top)} top blob(s); give none, or "
                             "one for each top.")
        self.loss_weights = weights or [0.0] * len(top)
        for blob, weight in zip(top, self.loss_weights):
            if weight:
                blob.diff.fill_(weight)

    def add_parameter(self, shape: Shape, filler) -> Blob:
        """Append a parameter blob of `shape`, drawn by `filler` (a view of a FillerParameter).

        If the prototxt itself holds the layer's `blobs`, their values are taken and nothing is drawn.
        """
        blob = Blob(shape)
        given = self.stored_blobs
        if not given:
            blob.data.copy_(torch.from_numpy(fill(self.context.stream(), shape, filler)))
        elif len(self.blobs) < len(given):
            blob_proto.read(given[len(self.blobs)], blob, name=f"number {len(self.blobs)} of its `blobs`")
        else:
            raise InputError(f"it holds {len(given)} `blobs` in its definition and has more parameters; give all or "
                             "none.")
        self.blobs.append(blob)
        return blob

    def needs_diff(self, index: int) -> bool:
        """Whether the gradients of parameter `index` are wanted."""
        return index < len(self.param_needs_diff) and self.param_needs_diff[index]

    def refuse_gradient(self, propagate_down: list[bool], *bottoms: int) -> None:
        """Raises InputError if the net asks for the gradient of one of the `bottoms`, given by number."""
        for i in bottoms:
            if propagate_down[i]:
                raise InputError(f"Layer `{self.name}` (type {self.type}) has no gradient for its bottom "
                                 f"`{self.param.bottom[i]}`; give `propagate_down: false` for it, or leave out "
                                 "`force_backward`.")
