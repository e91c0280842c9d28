"""How a solver of SSD's `eval_type: "detection"` tests its nets."""

from __future__ import annotations

import io

import numpy as np
import pytest
from conformance import examples
from fork_references import detection_evaluate as reference
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import schema
from cae_caffe.engine import log
from cae_caffe.engine.solvers.average_precision import VERSIONS, average_precision
from cae_caffe.engine.solvers.solver import Solver
from cae_caffe.errors import InputError

SOLVER = """net_param {{
  layer {{ name: "in" type: "Input" top: "found" input_param {{ shape {{ {found} }} }} include {{ phase: TEST }} }}
  layer {{ name: "in2" type: "Input" top: "truths" input_param {{ shape {{ {truths} }} }} include {{ phase: TEST }} }}
  layer {{ name: "eval" type: "DetectionEvaluate" bottom: "found" bottom: "truths" top: "detection_eval"
    detection_evaluate_param {{ num_classes: 4 evaluate_difficult_gt: false }} include {{ phase: TEST }} }}
  layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ dim: 1 dim: 1 }} }} include {{ phase: TRAIN }} }}
  layer {{ name: "ip" type: "InnerProduct" bottom: "x" top: "ip" inner_product_param {{ num_output: 1 }}
    include {{ phase: TRAIN }} }} }}
test_iter: 2 test_interval: 1 base_lr: 0.1 lr_policy: "fixed" {further}"""


@examples(60)
@given(number=st.integers(0, 30), seed=st.integers(0, 1000), version=st.sampled_from(VERSIONS),
       missed=st.integers(0, 5))
def test_versions(number, seed, version, missed):
    random = np.random.RandomState(seed)
    scores, right = random.randint(0, 8, number) / 8, random.randint(0, 2, number)
    truths = int(right.sum()) + missed

    found = average_precision(scores, right, truths, version)

    assert found == pytest.approx(reference.average_precision(scores, right, truths, version), abs=1e-6)


def rows():
    """Detections and ground truths of two images: class 1 is found in part, 2 not at all, and 3 is not there."""
    box, other = [0.1, 0.1, 0.5, 0.5], [0.6, 0.6, 0.9, 0.9]
    found = [[0, 1, 0.9, *box], [0, 1, 0.8, *other], [1, 1, 0.7, *box], [1, 1, 0.6, *box]]
    truths = [[0, 1, 0, *box, 0], [1, 1, 0, *box, 0], [1, 1, 0, *other, 0], [1, 2, 0, *box, 0], [1, 2, 0, *other, 1]]
    return np.reshape(found, (1, 1, -1, 7)), np.reshape(truths, (1, 1, -1, 8))


def log_of_test(further: str) -> list[str]:
    """What the log says behind `Testing net`."""
    found, truths = rows()
    shapes = {name: " ".join(f"dim: {length}" for length in array.shape) for name, array in
              (("found", found), ("truths", truths))}
    solver = Solver(schema.parse_text(SOLVER.format(**shapes, further=further), schema.SolverParameter), "the solver")
    for name, array in (("found", found), ("truths", truths)):
        net = solver.test_nets[0]
        net.blobs[net.blob_names.index(name)].host_data()[...] = array
    stream = io.StringIO()
    with log.to(stream), pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_minimum", 0)
        solver.test_all()
    lines = [line.split("] ", 1)[1] for line in stream.getvalue().splitlines()]
    return [line for line in lines if not line.startswith("Ignoring source layer")]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_test_tells_the_mean_over_the_classes(version):
    found, truths = rows()
    tops = [reference.detection_evaluate(found, truths, num_classes=4, evaluate_difficult_gt=False)] * 2
    wanted = reference.mean_average_precision(tops, version)

    told = log_of_test(f'eval_type: "detection" ap_version: "{version}"')

    assert told[-1] == f"    Test net output #0: detection_eval = {wanted:.6g}"
    assert told[:-1] == ["Iteration 0, Testing net (#0)", "Missing true_pos for label: 2",
                         "Missing true_pos for label: 3"]
    assert 0 < wanted < 1


def test_each_class_is_told_if_wished():
    told = log_of_test('eval_type: "detection" ap_version: "11point" show_per_class_result: true')

    mean = float(told[-1].split()[-1])
    assert float(told[1].removeprefix("class1: ")) == pytest.approx(3 * mean, rel=1e-5)


@pytest.mark.parametrize(("further", "match"), [
    ('eval_type: "detections"', "`eval_type` is `detections`.*classification, detection"),
    ('eval_type: "detection" ap_version: "MaxVOC"', "`ap_version` is `MaxVOC`.*11point, MaxIntegral, Integral")])
def test_refusals(further, match):
    with pytest.raises(InputError, match=match):
        log_of_test(further)


def test_outputs_of_another_layer_are_refused():
    text = ('net_param { layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } } layer { '
            'name: "ip" type: "InnerProduct" bottom: "x" top: "ip" inner_product_param { num_output: 1 } } } '
            'test_iter: 1 test_interval: 1 base_lr: 0.1 lr_policy: "fixed" eval_type: "detection"')
    solver = Solver(schema.parse_text(text, schema.SolverParameter), "the solver")

    with pytest.raises(InputError, match=r"`ip` has shape 1 1.*DetectionEvaluate's tops"):
        solver.test_all()
