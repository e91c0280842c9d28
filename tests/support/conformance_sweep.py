"""Random layers of every type: all options of the schema, shapes, in-place use, and what every layer has besides.

Both engines must take the same layers and refuse the same, and compute the same of those they take. What is known to
part, and why, stands in STRICTER, KINDER and AGREEMENTS.
"""

from __future__ import annotations

import re
from dataclasses import replace

import conformance_tally
import numpy as np
import pytest
from conformance import Agreement, Case, Judge, differences, run_embedded
from conformance_fields import messages_of, options
from conformance_parts import RARELY, SOMETIMES, Parts
from conformance_recipes import parts_of
from hypothesis import strategies as st

from cae_caffe.engine.layers import registry
from cae_caffe.errors import InputError
from cae_caffe.schema.layer_types import CAFFE_TYPES

# Layers that take files or arrays from outside, or a user's code; each has tests of its own.
NOT_SWEPT = {"Data", "HDF5Data", "HDF5Output", "ImageData", "MemoryData", "Python", "WindowData"}
SWEPT = [name for name in CAFFE_TYPES if name not in NOT_SWEPT]

# Caffe's overwrite what they still need; these are right, as the tests of LRN and MVN show.
WRONG_IN_PLACE = {"LRN", "MVN"}
# Caffe's never enlarges its buffers, and with a larger batch writes behind them.
ONE_BATCH = {"ContrastiveLoss"}
EXTRAS = ["loss_weight: 2", "loss_weight: 0.5 loss_weight: 0", "propagate_down: false", "propagate_down: true",
          "propagate_down: true propagate_down: false", "param { lr_mult: 0 }",
          "param { lr_mult: 2 } param { lr_mult: 0 }"]


@st.composite
def cases(draw, type_name: str) -> Case:
    """A layer of the type with some of its options, and bottoms for it."""
    parts = parts_of(draw, type_name)
    text = [f'type: "{type_name}"']
    text += [draw(options(message, parts.special, parts.always)) for message in messages_of(type_name)]
    if draw(RARELY):
        text.append(draw(st.sampled_from(EXTRAS)))
    return Case(" ".join(text), parts.bottoms, tops=parts.tops, in_place=_in_place(draw, type_name, parts),
                files=parts.files, params=draw(st.sampled_from([None, "filled"])),
                phase=draw(st.sampled_from(["TRAIN", "TRAIN", "TEST"])), seed=draw(st.integers(0, 1000)),
                force_backward=parts.may_force and draw(st.booleans()), passes=draw(st.integers(1, 2)),
                then=[_other_batch(parts.bottoms)] if type_name not in ONE_BATCH and draw(RARELY) else [])


def _in_place(draw, type_name: str, parts: Parts) -> bool:
    if not parts.bottoms or parts.tops != 1 or type_name in WRONG_IN_PLACE:
        return False
    return draw(SOMETIMES if registry.find(type_name).traits.runs_in_place else RARELY)


def _other_batch(bottoms: list[np.ndarray]) -> list[np.ndarray]:
    """The same bottoms with one row more."""
    return [np.concatenate([bottom, bottom[:1]]) if bottom.ndim else bottom for bottom in bottoms]


def emptied(case: Case, axis: int, at_first: bool = False) -> Case:
    """The case with bottoms that have a length of 0 on the axis, if they have it, in a pass after it or instead."""
    bottoms = [np.take(bottom, [], axis) if np.ndim(bottom) > axis else bottom for bottom in case.bottoms]
    return replace(case, bottoms=bottoms if at_first else case.bottoms, then=[] if at_first else [bottoms], passes=1)


def foreign_error(case: Case) -> str | None:
    """What ends the case on the embedded engine without being its own refusal, or None."""
    try:
        run_embedded(case)
    except InputError:
        pass
    except Exception as error:
        return repr(error)
    return None


# What the engine refuses and Caffe does not, by a pattern of its message, with the reason.
STRICTER = {
    "`dropout_ratio` is 1;": "Caffe makes nothing but NaN of it",
    r"`stride` is \[.*\b0\b.*\]": "Caffe checks `stride`, but not stride_h and stride_w: its Convolution then divides "
                                "by zero and dies, its Deconvolution puts all of the bottom into one place",
    "runs in place": "Caffe lets these overwrite what they still read, or reshapes the bottom; the results are wrong",
}

# What the engine takes and Caffe's CPU build does not, by a pattern of what Caffe says, with the reason.
KINDER = {
    "has unknown engine": "only builds with cuDNN know `engine: CUDNN`; the numbers are the same",
    "legacy accessors on Blobs with > 4 axes": "Caffe's PReLU takes no bottoms of more than four axes",
    "top.size.. == num_loss_weights": "of a loss's second top, the probabilities, Caffe wants the loss weight stated, "
                                      "and SoftmaxWithLoss does not take it even then",
    "pooling_layer.cpp.*Not Implemented Yet": "Caffe pools stochastically on a GPU only",
    "blob.cpp.*Check failed: data_": "a blob that nobody gave a shape has no values in Caffe and one here",
}


def hold(judge: Judge, case: Case) -> None:
    """Fail unless both engines take `case` and agree, or both refuse it, or they part as STRICTER and KINDER say."""
    found = parting(case, judge.real(case))
    if found:
        pytest.fail(f"{found}\n{case}", pytrace=False)


def parting(case: Case, real) -> str | None:
    """How the engines part over a case, of which real Caffe gave `real` (as of run_real); None if they do not."""
    try:
        ours = run_embedded(case)
    except InputError as error:
        return _refused(case, str(error), real)
    if isinstance(real, str):
        return None if _matches(KINDER, real) else f"The embedded engine takes what real Caffe refuses: {real}"
    agreement = agreement_on(case)
    complaints = [f"pass {number}, {complaint}" for number, (mine, theirs) in enumerate(zip(ours, real))
                  for complaint in differences(mine, theirs, agreement)]
    if not complaints:
        conformance_tally.count(case, ours, real, agreement)
    return "\n".join(complaints) or None


def _refused(case: Case, reason: str, real) -> str | None:
    if isinstance(real, str):
        conformance_tally.count(case)
        return None
    return None if _matches(STRICTER, reason) else f"The embedded engine refuses what real Caffe takes: {reason}"


def _matches(patterns: dict[str, str], text: str) -> bool:
    return any(re.search(pattern, text) for pattern in patterns)


def agreement_on(case: Case) -> Agreement:
    """When two results of a random layer agree."""
    ignored = set()
    if not case.force_backward:
        # Nobody asked for these. Some of Caffe's layers write them all the same, and some share the top's.
        ignored.update(f"bottom{i}.diff" for i in range(len(case.bottoms)))
    if case.in_place and '"Scale"' in case.text:
        # Caffe's has overwritten the values that a second backward pass needs; see export/layer_table.py.
        ignored.add("layer[0].diff twice")
    # The floor: bottoms, weights and gradients are up to 1, and of a few values all may be sums that nearly cancel.
    return Agreement(floor=0.1, ignore=sorted(ignored))
