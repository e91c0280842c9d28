"""ONNX models of single layers, and of nets, run by others and held against the engine.

    from onnx_judge import hold

    hold(Case('type: "Tile" tile_param { axis: 1 tiles: 2 }', [values(2, 3)]))

The case is run in phase TEST, on the engine and by onnxruntime: exported as it is, and, where the layer has a batch,
for any batch and in a newer operator set, at two of them. OpenCV 5 (opencv5.py) runs the first model too; where it
lacks an operator or computes another thing, opencv_gaps.py or `opencv` says so: with the reason, which ends up in the
list of docs/how-to/to-onnx.md.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import opencv5
import opencv_gaps
import pytest
from conformance import TOLERANCE, Agreement, Case, _difference, net_and_results

from cae_caffe.errors import InputError
from cae_caffe.export.deploy import deploy
from cae_caffe.export.onnx import convert

NEWEST = 21     # the last operator set of which onnxruntime has all operators: it lacks MaxRoiPool of 22
QUIET = 3       # onnxruntime's log level: errors alone


def hold(case: Case, *, dynamic: bool = True, opencv: str | None = None, reason: str = "", **exceptions) -> None:
    """Fail unless the exported layer, or net, of `case` gives what the engine gives, and is a clean graph.

    `dynamic` False: the layer has no form for any batch, and says so. `opencv` is the reason why OpenCV 5 is not
    asked, besides those of opencv_gaps.py. `exceptions` are Agreement's, and need a `reason`.
    """
    if exceptions and not reason:
        raise ValueError(f"State the reason for {exceptions}.")
    agreement = Agreement(**{"tolerance": TOLERANCE, **exceptions})
    case = dataclasses.replace(case, phase="TEST", backward=False, passes=1, then=())
    net, bottoms, tops = engine_run(case)
    model = convert.to_onnx(net)
    require_clean(model)
    compare(case, tops, run_onnx(model, bottoms), "onnxruntime", agreement)
    if opencv is None:
        ask_opencv(case, net, model, bottoms, tops, agreement)
    if dynamic:
        hold_any_batch(case, net, agreement)
    else:
        with pytest.raises(InputError, match="batch"):
            convert.to_onnx(net, batch="dynamic")


def ask_opencv(case: Case, net, model, bottoms, tops, agreement: Agreement) -> None:
    """Fail if OpenCV 5 computes other than the engine, unless opencv_gaps.py says that it will."""
    if opencv_gaps.reason_for(deploy(net), tops) is None:
        compare(case, tops, opencv5.run(model, bottoms, list(tops)), "OpenCV 5", agreement)


def hold_any_batch(case: Case, net, agreement: Agreement) -> None:
    """Fail unless the model for any batch gives what the engine gives for the case's batch and for one row more."""
    model = convert.to_onnx(net, batch="dynamic", opset=NEWEST)
    require_clean(model)
    first = next(iter(_arrays(case).values())).shape[0]
    for more in (0, 1):
        wider = {name: np.concatenate([array, array[:more]]) if array.shape[:1] == (first,) else array
                 for name, array in _arrays(case).items()}
        _, bottoms, tops = engine_run(dataclasses.replace(case, bottoms=list(wider.values()) if not case.is_net
                                                          else wider))
        compare(case, tops, run_onnx(model, bottoms), f"onnxruntime, with {first + more} rows,", agreement)


def _arrays(case: Case) -> dict[str, np.ndarray]:
    return case._named(case.bottoms, "bottom")


def engine_run(case: Case):
    """The net of `case` with its parameters, the bottoms, and what the engine gives for them, by the blobs' names."""
    net, results = net_and_results(case)
    outputs = deploy(net).outputs
    return net, _arrays(case), {name: results[f"{name}.data"] for name in outputs}


def run_onnx(model, inputs) -> dict[str, np.ndarray]:
    """What onnxruntime gives for `inputs`, by the outputs' names; the inputs that the model lacks are left out."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not here: pip install cae-caffe[onnx]")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = QUIET
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    known = {one.name for one in session.get_inputs()}
    given = {name: np.asarray(array, np.float32, order="C") for name, array in inputs.items() if name in known}
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, given)))


def compare(case: Case, wanted, found, whose: str, agreement: Agreement) -> None:
    """Fail unless `found`, by the tensors' names, agrees with `wanted`; a value in place may have its layer's name."""
    if len(wanted) != len(found):
        pytest.fail(f"{whose} gives {list(found)}, the engine {list(wanted)}\n{case.prototxt}", pytrace=False)
    for (name, array), theirs in zip(wanted.items(), found.values()):
        complaint = _difference(np.asarray(theirs), array, agreement)
        if complaint:
            pytest.fail(f"{whose} differs from the engine in {name}: {complaint} (the engine's)\n{case.prototxt}",
                        pytrace=False)


def require_clean(model) -> None:
    """Fail if the graph has an Identity that is no output under another name, or constants that nobody reads."""
    outputs = {one.name for one in model.graph.output}
    needless = [node.name for node in model.graph.node if node.op_type == "Identity"
                and not outputs.intersection(node.output)]
    read = {name for node in model.graph.node for name in node.input}
    read |= {name for node in model.graph.node for attribute in node.attribute for inner in attribute.g.node
             for name in inner.input}
    unread = [one.name for one in model.graph.initializer if one.name not in read | outputs]
    assert not needless and not unread, (needless, unread)


def refused(case: Case, match: str) -> None:
    """Fail unless the case's layer is refused by the exporter, in a sentence with the pattern `match`."""
    net, _, _ = engine_run(dataclasses.replace(case, phase="TEST", backward=False, passes=1, then=()))
    with pytest.raises(InputError) as caught:
        convert.to_onnx(net)
    assert re.search(match, str(caught.value)), str(caught.value)
