"""InnerProduct in ONNX."""

from __future__ import annotations

import pytest
from conformance import Case, values
from onnx_judge import hold


@pytest.mark.parametrize("options, shape", [
    ("num_output: 3", (2, 4)),
    ("num_output: 3 bias_term: false", (2, 3, 2, 2)), ("num_output: 3 transpose: true", (2, 4)),
    ("num_output: 3 axis: 2", (2, 3, 4)), ("num_output: 3 axis: -1", (2, 3, 2, 2)),
])
def test_rows_of_any_axes(options, shape):
    hold(Case(f'type: "InnerProduct" inner_product_param {{ {options} }}', [values(*shape)]))
