"""Layers of forks behind a lowered convolution, whose top is stored with its rows outermost (see test_rows_first.py):
they compute what they compute of the same values in their natural order.
"""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, run_embedded, values

X = values(4, 1, 28, 28)
CONVOLUTION = '''layer { name: "below" type: "Convolution" bottom: "x" top: "below"
                         convolution_param { num_output: 4 kernel_size: 9 bias_term: false } }'''
# A layer that keeps no order, and changes nothing.
IN_ORDER = 'layer { name: "same" type: "Permute" bottom: "below" top: "same" permute_param { order: 0 } }'
POOLED = '''layer { name: "pool" type: "Pooling" bottom: "BELOW" top: "pool" top: "mask"
                    pooling_param { kernel_size: 2 stride: 2 } }'''
LAYERS = {
    "BN": 'layer { name: "layer" type: "BN" bottom: "BELOW" top: "top" bn_param { bn_mode: LEARN } }',
    "BN in place": 'layer { name: "layer" type: "BN" bottom: "BELOW" top: "BELOW" bn_param { bn_mode: LEARN } }',
    # The parameters are from -1 to 1, the averaged variance, too.
    "BN of averages": '''layer { name: "layer" type: "BN" bottom: "BELOW" top: "BELOW"
                                bn_param { frozen: true eps: 2 } }''',
    "Upsample": POOLED + 'layer { name: "layer" type: "Upsample" bottom: "pool" bottom: "mask" top: "top" }',
    "repeated": 'layer { name: "layer" type: "Upsample" bottom: "BELOW" top: "top" upsample_param { scale: 2 } }',
    "Unpooling": '''layer { name: "layer" type: "Unpooling" bottom: "BELOW" top: "top"
                            unpooling_param { unpool: TILE kernel_size: 3 stride: 2 unpool_size: 40 } }''',
    "MergeCrop": '''layer { name: "crop" type: "Pooling" bottom: "BELOW" top: "small"
                            pooling_param { kernel_size: 3 } }
                    layer { name: "layer" type: "MergeCrop" bottom: "small" bottom: "BELOW" top: "top"
                            mergecrop_param { backward: true backward: true } }''',
    "dilated maxima": '''layer { name: "layer" type: "Pooling" bottom: "BELOW" top: "top"
                                 pooling_param { kernel_size: 3 dilation: 2 pad: 1 } }''',
    "dilated means": '''layer { name: "layer" type: "Pooling" bottom: "BELOW" top: "top"
                                pooling_param { pool: AVE kernel_size: 3 dilation: 2 stride: 2 } }''',
    "Dropout": '''layer { name: "layer" type: "Dropout" bottom: "BELOW" top: "BELOW"
                         dropout_param { scale_train: false } }''',
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_the_order_in_memory_does_not_matter(layers):
    lowered, natural = (run_embedded(Case(text, {"x": X}))[0] for text in (
        CONVOLUTION + layers.replace("BELOW", "below"), CONVOLUTION + IN_ORDER + layers.replace("BELOW", "same")))

    renamed = {name.replace("same", "below"): array for name, array in natural.items()}
    assert list(lowered) == list(renamed)
    for name, array in renamed.items():
        np.testing.assert_allclose(lowered[name], array, atol=1e-5 * np.abs(array).max(), err_msg=name)
