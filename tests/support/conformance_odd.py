"""Random layers among whose values are some that are not finite, or lie where formulas have corners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import conformance_sweep
import numpy as np
from conformance import Case
from conformance_runner import mixed
from hypothesis import strategies as st

NAN, INF = float("nan"), float("inf")
KINDS = {"not a number": (NAN,), "infinity": (INF,), "minus infinity": (-INF,), "infinities": (INF, -INF),
         "zeros": (0.0, -0.0), "corners": (0.0, 1.0, -1.0, 0.5, 2.0), "all": (NAN, INF, -INF, 0.0, -0.0)}

# Bottoms that are labels, numbers of rows, or say yes or no, by their number from either end.
LABELS = {"SoftmaxWithLoss": 1, "Accuracy": 1, "HingeLoss": 1, "MultinomialLogisticLoss": 1, "InfogainLoss": 1,
          "ContrastiveLoss": 2, "BatchReindex": 1, "Embed": 0, "Filter": -1}
# Bottoms, likewise, and layers to which no NaN comes.
WITHOUT_NAN = {"ArgMax": 0,         # Caffe sorts by a comparison that is no order then
               "Scale": 1}          # some of OpenBLAS's kernels take a factor that is no number for 0


@st.composite
def cases(draw, type_name: str, kinds: Sequence[str] = tuple(KINDS)) -> Case:
    """A layer of the type with values of one of the kinds in its bottoms, its parameters, or its tops' diffs."""
    case = draw(conformance_sweep.cases(type_name))
    odd = KINDS[draw(st.sampled_from(kinds))]
    bottoms = [_odd(draw, type_name, number, bottom, odd, of=len(case.bottoms))
               for number, bottom in enumerate(case.bottoms)]
    others = draw(st.sampled_from([(), (), odd]))
    return replace(case, bottoms=bottoms, then=[], odd_top_diffs=others,
                   odd_params=_numbers(others) if type_name in WITHOUT_NAN else others)


def _numbers(odd) -> tuple[float, ...]:
    return tuple(value for value in odd if not math.isnan(value))


def _odd(draw, type_name: str, number: int, bottom, odd, of: int) -> np.ndarray:
    values = np.asarray(bottom, np.float32)
    odd = _numbers(odd) if WITHOUT_NAN.get(type_name) == number else odd
    if LABELS.get(type_name) in (number, number - of) or not odd:
        return values
    result = mixed(values, odd, draw(st.integers(0, 1000)))
    if type_name == "LRN" and values.ndim == 4:
        # Caffe adds up over neighbours by adding one and subtracting another, and so never loses a value that is not
        # finite in the channels behind it.
        result[:, :-1] = values[:, :-1]
    return result
