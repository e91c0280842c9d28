"""`cae-caffe inspect`: the ranges of what a file of weights holds, and whether all of it is numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import inf, isfinite, nan, sqrt

import numpy as np

from ..printing import counted, shown, table
from . import stored_values

# Of the table; the first WORDS columns are words, the others numbers.
HEADINGS = ("layer", "type", "blob", "shape", "stored as", "values", "min", "max", "mean", "std", "NaN", "inf")
WORDS = 5
PIECE = 1 << 20     # values that are looked at at once
MOST = 10           # of the layers or blobs that a sentence names


@dataclass(frozen=True)
class BlobState:
    """A blob of a layer: `low`, `high`, `mean` and `std` (over all n values) are those of its finite values, NaN where
    there is none; `stored` is the precision, as NumPy calls it.
    """

    number: str
    shape: tuple[int, ...]
    stored: str
    values: int
    size: int       # in bytes
    low: float
    high: float
    mean: float
    std: float
    nan: int
    infinite: int

    @property
    def is_sound(self) -> bool:
        return not self.nan and not self.infinite

    @property
    def is_zero(self) -> bool:
        return self.values > 0 and self.is_sound and self.low == self.high == 0


@dataclass(frozen=True)
class InspectedLayer:
    """A layer's name and type, "" where the file says none, and its blobs."""

    name: str
    type: str
    blobs: list[BlobState]


@dataclass(frozen=True)
class Inspection:
    """What is in the `file`, which is of a `kind` that `stored_values` names."""

    file: str
    kind: str
    layers: list[InspectedLayer]

    @property
    def is_sound(self) -> bool:
        """Whether all values are finite."""
        return all(blob.is_sound for layer in self.layers for blob in layer.blobs)


def inspect(path) -> Inspection:
    """Look at every value in the file `path`, one blob after the other; InputError as `stored_values.opened`."""
    with stored_values.opened(path) as stored:
        layers = [InspectedLayer(layer.name, layer.type, [blob_state(number, values) for number, values in layer.blobs])
                  for layer in stored.layers]
    return Inspection(str(path), stored.kind, layers)


def blob_state(number: str, array: np.ndarray) -> BlobState:
    """The state of the values `array`, of any shape."""
    flat = array.reshape(-1)
    low, high, mean, squares, finite, bad, broken = inf, -inf, 0.0, 0.0, 0, 0, 0
    for start in range(0, flat.size, PIECE):
        piece = flat[start:start + PIECE].astype(np.float64)
        good = piece[np.isfinite(piece)]
        bad += int(np.isnan(piece).sum())
        broken += piece.size - good.size
        if good.size:
            low, high = min(low, float(good.min())), max(high, float(good.max()))
            with np.errstate(over="ignore", invalid="ignore"):       # of doubles near the end of their range
                own = float(good.mean())
                share, apart = good.size / (finite + good.size), own - mean
                squares += float(((good - own) ** 2).sum()) + apart * apart * finite * share
                mean += apart * share
            finite += good.size
    if not finite:
        low = high = mean = nan
    return BlobState(number, array.shape, array.dtype.name, flat.size, flat.nbytes, low, high, mean,
                     sqrt(squares / finite) if finite and squares >= 0 else nan, bad, broken - bad)


def inspection_text(found: Inspection) -> str:
    """The verdict, the table and the totals."""
    lines = [_verdict(found), *_zeros(found)]
    rows = [HEADINGS, *(tuple(map(shown, cells)) for layer in found.layers for cells in _rows(layer))]
    return "\n".join([*map(shown, lines), "", *table(rows, WORDS), "", shown(_totals(found))]) + "\n"


def _verdict(found):
    if found.is_sound:
        return f"{found.file}: no NaN, no infinity."
    broken = [layer for layer in found.layers if not all(blob.is_sound for blob in layer.blobs)]
    blobs = [blob for layer in broken for blob in layer.blobs]
    values = sum(blob.values for layer in found.layers for blob in layer.blobs)
    counts = f"{sum(blob.nan for blob in blobs)} NaN and {sum(blob.infinite for blob in blobs)} infinite"
    return (f"{found.file}: {counts} of {values} values, in {counted(len(broken), 'layer')}: "
            f"{_named([f'`{layer.name}`' for layer in broken])}.")


def _zeros(found):
    zeros = [f"blob {blob.number} of `{layer.name}`" for layer in found.layers for blob in layer.blobs if blob.is_zero]
    if zeros:
        yield f"All values are 0 in {counted(len(zeros), 'blob')}: {_named(zeros)}."


def _named(names):
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")


def _rows(layer):
    for blob in layer.blobs:
        numbers = (f"{value:.4g}" if isfinite(value) else "-" for value in (blob.low, blob.high, blob.mean, blob.std))
        yield (layer.name, layer.type, blob.number, "x".join(map(str, blob.shape)) or "scalar", blob.stored,
               str(blob.values), *numbers, str(blob.nan or ""), str(blob.infinite or ""))
    if not layer.blobs:
        yield (layer.name, layer.type, *[""] * (len(HEADINGS) - 2))


def _totals(found):
    blobs = [blob for layer in found.layers for blob in layer.blobs]
    stored = Counter(blob.stored for blob in blobs)
    kinds = f" ({', '.join(f'{number} as {name}' for name, number in stored.most_common())})" if len(stored) > 1 else ""
    with_blobs = sum(bool(layer.blobs) for layer in found.layers)
    layers = f"{counted(len(found.layers), 'layer')}, {with_blobs} of them with blobs; "
    if found.kind != stored_values.WEIGHTS:
        layers = ""
    return (f"The file holds {found.kind}: {layers}{counted(len(blobs), 'blob')}{kinds} of "
            f"{counted(sum(blob.values for blob in blobs), 'value')}, {sum(blob.size for blob in blobs)} bytes.")
