"""Random layers of every exportable type, with every option: conformance_sweep.py's, held against their ONNX models.

Whatever the engine takes is exported and agrees, also for other batches where the engine takes those. The types of
Caffe 1.0 that have no form stand in WITHOUT_FORM.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re

import onnx_judge
from conformance import Agreement, Case
from conformance_sweep import SWEPT, cases  # noqa: F401 -- for tests

from cae_caffe.errors import InputError
from cae_caffe.export.onnx import convert, registry

_INPUT = "its tops become inputs of the model"
_SCORES = "it trains or scores, so it falls away"
_STORES = "it has no tops, so it falls away"
WITHOUT_FORM = {
    **dict.fromkeys(["Data", "HDF5Data", "ImageData", "Input", "MemoryData", "WindowData"], _INPUT),
    **dict.fromkeys(["Accuracy", "ContrastiveLoss", "EuclideanLoss", "HingeLoss", "InfogainLoss",
                     "MultinomialLogisticLoss", "SigmoidCrossEntropyLoss", "SoftmaxWithLoss"], _SCORES),
    **dict.fromkeys(["HDF5Output", "Silence"], _STORES),
    "Python": "its code is the user's",
    "Split": "a blob that several layers read is one tensor",
}
EXPORTED = [name for name in SWEPT if name in registry.types() and name not in WITHOUT_FORM]

# Of a few values all may be sums that nearly cancel (see conformance_sweep.agreement_on).
AGREEMENT = Agreement(floor=0.1)


def hold(case: Case) -> bool:
    """Fail unless the case's layer, if the engine takes it at test time, agrees with its model; whether it takes it."""
    text = re.sub(r"loss_weight: \S+", "", case.text)       # with which it would be a loss, and fall away
    case = dataclasses.replace(case, text=text, phase="TEST", backward=False, passes=1, then=())
    try:
        net, bottoms, tops = onnx_judge.engine_run(case)
    except InputError:
        return False
    model = convert.to_onnx(net)
    onnx_judge.require_clean(model)
    onnx_judge.compare(case, tops, onnx_judge.run_onnx(model, bottoms), "onnxruntime", AGREEMENT)
    onnx_judge.ask_opencv(case, net, model, bottoms, tops, AGREEMENT)
    if bottoms and all(array.ndim for array in bottoms.values()):
        _hold_any_batch(case, net)
    return True


def _hold_any_batch(case: Case, net) -> None:
    """As onnx_judge.hold_any_batch, unless the engine's net itself cannot have another batch."""
    try:
        convert.to_onnx(net, batch="dynamic")
    except InputError as error:
        assert "the net cannot have a batch of" in str(error), error
        return
    with contextlib.suppress(InputError):       # the engine may not take one row more
        onnx_judge.hold_any_batch(case, net, AGREEMENT)
