"""What opencv_gaps.py says of OpenCV 5 is so: a gap that is closed there is to leave the list."""

from __future__ import annotations

import onnx_judge
import opencv_gaps
import pytest
from conformance import Case, distinct, values

from cae_caffe.export.onnx import registry

CONVOLUTION = "convolution_param { num_output: 2 kernel_size: 1 %s }"
VOLUMES = (1, 2, 2, 2, 2, 2)
EXAMPLES = {
    ("Convolution", "more than three spatial axes"): Case(f'type: "Convolution" {CONVOLUTION % ""}',
                                                          [values(*VOLUMES)]),
    ("Deconvolution", "more than three spatial axes"): Case(f'type: "Deconvolution" {CONVOLUTION % ""}',
                                                            [values(*VOLUMES)]),
    ("DepthwiseConvolution", "more than three spatial axes"): Case(
        f'type: "DepthwiseConvolution" {CONVOLUTION % "group: 2"}', [values(*VOLUMES)]),
    ("Im2col", "`pad`, with more than five axes"): Case(
        'type: "Im2col" convolution_param { kernel_size: 1 pad: 1 }', [values(*VOLUMES)]),
    ("Pooling", "a second top, of volumes"): Case(
        'type: "Pooling" pooling_param { kernel_size: 2 }', [distinct(1, 2, 3, 3, 3)], tops=2),
    ("Pooling", "a second top, with windows that see nothing of the image"): Case(
        'type: "Pooling" pooling_param { kernel_size: 1 stride: 3 }', [distinct(2, 3, 5, 6)], tops=2),
}


def test_every_gap_has_an_example():
    assert {(name, gap.option) for name, gaps in opencv_gaps.GAPS.items() for gap in gaps} == {*EXAMPLES}


@pytest.mark.parametrize("place", [place for place in EXAMPLES if place[0] in registry.types()], ids=": ".join)
def test_opencv_still_lacks_it(place, monkeypatch):
    monkeypatch.setitem(opencv_gaps.GAPS, place[0], [])
    with pytest.raises(pytest.fail.Exception, match=r"OpenCV 5 (differs|does not run)"):
        onnx_judge.hold(EXAMPLES[place])
