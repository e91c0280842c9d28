"""Initial values of parameters: Caffe's fillers, drawing from a stream what Caffe draws (include/caffe/filler.hpp).

All arithmetic is float32, rounded after every operation, for the bytes to come out the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from ..errors import InputError
from .rng import Stream
from .rng.words import BLOCK

Shape = tuple[int, ...]
NOT_SPARSE = -1         # the default of FillerParameter.sparse


class FillerParameter(Protocol):
    """What a filler reads: the fields of Caffe's message, under its names."""

    type: str               # a key of FILLERS
    value: float            # constant
    min: float              # uniform
    max: float
    mean: float             # gaussian
    std: float
    sparse: int             # gaussian: how many weights per output to keep on average; -1 for all
    variance_norm: str      # xavier, msra: FAN_IN, FAN_OUT or AVERAGE
    diag_val: Sequence[float]       # diagonal


Fill = Callable[[Stream, Shape, FillerParameter], np.ndarray]
FILLERS: dict[str, Fill] = {}


def fill(stream: Stream, shape: Shape, filler: FillerParameter) -> np.ndarray:
    """A new float32 array of `shape`, filled in C order as Caffe's filler of that type fills a blob.

    The first axis of a weight is its outputs, as Caffe's layers have it (InnerProduct's with transpose: its inputs).
    Raises InputError for a type that Caffe has not, and for parameters or a shape that Caffe's filler refuses; the
    message does not name the layer, which is the caller's to add.
    """
    make = FILLERS.get(filler.type)
    if make is None:
        raise InputError(f"The filler type `{filler.type}` does not exist; the types are {', '.join(sorted(FILLERS))}.")
    if 0 in shape:
        raise InputError(f"A filler of type `{filler.type}` cannot fill an empty blob, one of shape {_times(shape)}.")
    if filler.sparse != NOT_SPARSE and filler.type != "gaussian":
        raise InputError(f"`sparse: {filler.sparse}` in a filler of type `{filler.type}` is not supported: only "
                         "`gaussian` can be sparse, so remove `sparse` or change the type.")
    return make(stream, tuple(shape), filler).reshape(shape)


def _filler(name: str) -> Callable[[Fill], Fill]:
    def register(make: Fill) -> Fill:
        if name in FILLERS:
            raise ValueError(f"Two fillers are named {name!r}.")
        FILLERS[name] = make
        return make
    return register


@_filler("constant")
def _constant(stream: Stream, shape: Shape, filler: FillerParameter) -> np.ndarray:
    return np.full(shape, filler.value, np.float32)


@_filler("uniform")
def _uniform(stream: Stream, shape: Shape, filler: FillerParameter) -> np.ndarray:
    low, high = np.float32(filler.min), np.float32(filler.max)
    if not -np.inf < low <= high or low >= np.finfo(np.float32).max:
        raise InputError(f"A `uniform` filler cannot draw from `min: {low}` to `max: {high}`: `min` must be a finite "
                         "float32 not above `max` and below the largest.")
    return stream.uniform(math.prod(shape), low, high)


@_filler("xavier")
def _xavier(stream: Stream, shape: Shape, filler: FillerParameter) -> np.ndarray:
    """Uniform within +-sqrt(3 / n): the variance is 1 / n (Glorot and Bengio 2010)."""
    bound = np.sqrt(np.float32(3) / _fan(shape, filler))
    return stream.uniform(math.prod(shape), -bound, bound)


@_filler("msra")
def _msra(stream: Stream, shape: Shape, filler: FillerParameter) -> np.ndarray:
    """Normal with variance 2 / n (He, Zhang, Ren and Sun 2015)."""
    return stream.normal(math.prod(shape), 0, np.sqrt(np.float32(2) / _fan(shape, filler)))


@_filler("gaussian")
def _gaussian(stream: Stream, shape: Shape, filler: FillerParameter) -> np.ndarray:
    if not filler.std > 0:
        raise InputError(f"A `gaussian` filler needs a `std` above 0, not {filler.std}; for one value everywhere use "
                         "the type `constant`.")
    values = stream.normal(math.prod(shape), filler.mean, filler.std)
    if filler.sparse != NOT_SPARSE:
        _sparsify(stream, values, _kept_fraction(shape, filler.sparse))
    return values


def _sparsify(stream: Stream, values: np.ndarray, kept: np.float32) -> None:
    """Multiply `values` in place by 1 with probability `kept`, else by 0: that leaves -0.0 behind, as in Caffe."""
    with np.errstate(invalid="ignore"):             # infinity times 0
        for start in range(0, values.size, BLOCK):
            block = values[start:start + BLOCK]
            block *= stream.bernoulli(block.size, float(kept))


def _kept_fraction(shape: Shape, sparse: int) -> np.float32:
    """The probability that sparsification keeps a weight: `sparse` over the number of outputs, the first axis."""
    outputs = _first_axis(shape, "sparse gaussian")
    kept = np.float32(sparse) / np.float32(outputs)
    if not 0 <= kept <= 1:
        raise InputError(f"`sparse: {sparse}` in a `gaussian` filler does not fit a blob of shape {_times(shape)}: a "
                         f"weight is kept with probability sparse/{outputs}, so `sparse` must be 0 to {outputs}, or "
                         f"{NOT_SPARSE} to keep all.")
    return kept


@_filler("positive_unitball")
def _positive_unitball(stream: Stream, shape: Shape, filler: FillerParameter) -> np.ndarray:
    """Uniform within 0..1, then every row of the first axis divided by its sum, added up from left to right."""
    rows = stream.uniform(math.prod(shape), 0, 1).reshape(_first_axis(shape, "positive_unitball"), -1)
    with np.errstate(invalid="ignore"):             # a row of zeros alone
        rows /= np.add.accumulate(rows, axis=1)[:, -1:]
    return rows


@_filler("bilinear")
def _bilinear(stream: Stream, shape: Shape, filler: FillerParameter) -> np.ndarray:
    """The kernel that makes a Deconvolution interpolate, the same in every channel; draws nothing."""
    if len(shape) != 4 or shape[2] != shape[3]:
        raise InputError("A `bilinear` filler needs a blob of four axes with square kernels, not one of shape "
                         f"{_times(shape)}.")
    factor = (shape[3] + 1) // 2
    center = np.float32((shape[3] - 1) / (2 * factor))
    distance = np.abs(np.arange(shape[3], dtype=np.float32) / np.float32(factor) - center)
    profile = np.float32(1) - distance
    return np.broadcast_to(np.outer(profile, profile), shape).copy()


@_filler("diagonal")
def _diagonal(stream: Stream, shape: Shape, filler: FillerParameter) -> np.ndarray:
    """FlowNet 2.0's: output i is channel i times the i-th `diag_val`, 1 if there is none, by a mean over the kernel."""
    if len(shape) < 2 or len(shape) > 4:
        raise InputError("A `diagonal` filler needs a blob of two to four axes (outputs, channels, kernel), not one "
                         f"of shape {_times(shape)}.")
    weights = np.zeros((*shape[:2], math.prod(shape[2:])), np.float32)
    values = np.ones(min(shape[:2]), np.float32)
    values[:len(filler.diag_val)] = filler.diag_val[:len(values)]
    diagonal = np.arange(len(values))
    weights[diagonal, diagonal] = (values / np.float32(weights.shape[2]))[:, np.newaxis]
    return weights


@_filler("identity")
def _identity(stream: Stream, shape: Shape, filler: FillerParameter) -> np.ndarray:
    """happynear's: 1 where output and input are of one number, else 0."""
    outputs = _first_axis(shape, "identity")
    if math.prod(shape) != outputs**2:
        raise InputError("An `identity` filler needs a blob of as many inputs as outputs, not one of shape "
                         f"{_times(shape)}.")
    return np.eye(outputs, dtype=np.float32)


@_filler("gaussian_unitball")
def _gaussian_unitball(stream: Stream, shape: Shape, filler: FillerParameter) -> np.ndarray:
    """happynear's: normal, then every row of the first axis divided by its length."""
    rows = stream.normal(math.prod(shape), 0, 1).reshape(_first_axis(shape, "gaussian_unitball"), -1)
    return rows / np.sqrt(np.square(rows).sum(1, keepdims=True) + np.float32(1e-12))


_FANS: dict[str, Callable[[int, int], np.float32]] = {
    "FAN_IN": lambda fan_in, fan_out: np.float32(fan_in),
    "FAN_OUT": lambda fan_in, fan_out: np.float32(fan_out),
    "AVERAGE": lambda fan_in, fan_out: np.float32(fan_in + fan_out) / np.float32(2),
}


def _fan(shape: Shape, filler: FillerParameter) -> np.float32:
    """The n of xavier and msra. A blob of one axis has a fan-in of 1 and a fan-out of its length."""
    count = math.prod(shape)
    fan_in = count // _first_axis(shape, filler.type)
    fan_out = count // shape[1] if len(shape) > 1 else count
    return _FANS[filler.variance_norm](fan_in, fan_out)


def _first_axis(shape: Shape, kind: str) -> int:
    if not shape:
        raise InputError(f"A `{kind}` filler needs a blob with at least one axis, not a single number; use the type "
                         "`constant`.")
    return shape[0]


def _times(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "()"
