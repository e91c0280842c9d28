"""MultiStageMeanfield in ONNX."""

from __future__ import annotations

import numpy as np
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import hold


def meanfield(text, shape, images, **further):
    return Case(f'type: "MultiStageMeanfield" multi_stage_meanfield_param {{ {text} }}',
                [values(*shape), values(*shape, seed=1), images], **further)


@examples(6)
@given(shape=st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)),
       iterations=st.integers(1, 3), seed=st.integers(0, 99))
def test_meanfield(shape, iterations, seed):
    number, _, height, width = shape
    images = values(number, 3, height, width, low=-100, high=100, seed=seed)
    hold(meanfield(f"num_iterations: {iterations} theta_alpha: 3 theta_beta: 40 theta_gamma: 2", shape, images))


def test_an_image_as_crf_rnn_takes_it():
    rows, columns = np.mgrid[:24, :20]
    image = np.stack([50 * (rows > columns), 100 * (rows // 8), 5 * columns])[np.newaxis] - 104.0
    hold(meanfield("num_iterations: 10 theta_alpha: 160 theta_beta: 3 theta_gamma: 3", (1, 5, 24, 20), image,
                   params="filled"))
