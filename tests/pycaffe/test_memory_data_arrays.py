"""What net.set_input_arrays accepts for a MemoryData layer."""

from __future__ import annotations

import types

import numpy as np
import pytest

from cae_caffe import InputError, schema
from cae_caffe.pycaffe.memory_data import set_arrays

DATA, LABELS = np.zeros((4, 3, 2, 5), np.float32), np.zeros(4, np.float32)


@pytest.fixture
def layer():
    """A MemoryData layer that keeps what it is given."""
    param = schema.LayerParameter(name="data", type="MemoryData")
    param.memory_data_param.batch_size = 2
    param.memory_data_param.channels, param.memory_data_param.height, param.memory_data_param.width = 3, 2, 5
    layer = types.SimpleNamespace(name="data", type="MemoryData", param=schema.view(param), given=None)
    layer.set_arrays = lambda *arrays: setattr(layer, "given", arrays)
    return layer


def test_labels_may_have_one_axis(layer):
    set_arrays(layer, DATA, LABELS)
    assert layer.given[0] is DATA and layer.given[1].shape == (4, 1, 1, 1)


@pytest.mark.parametrize("data, labels, message", [
    (DATA.astype(np.float64), LABELS, "needs its data as a C-contiguous array of float32, not of float64"),
    (DATA[::-1], LABELS, "not of float32, strided"),
    (DATA[:, :2].copy(), LABELS, r"data of shape \(4, 2, 2, 5\); its rows have shape \(3, 2, 5\)"),
    (DATA, LABELS.reshape(2, 2), r"labels of shape \(2, 2\); its rows have shape \(1, 1, 1\)"),
    (DATA, LABELS[:2].copy(), "4 rows of data and 2 labels"),
    (DATA[:3].copy(), LABELS[:3].copy(), "3 rows; give a multiple of its batch size, 2"),
])
def test_other_arrays_are_refused(layer, data, labels, message):
    with pytest.raises(InputError, match=message):
        set_arrays(layer, data, labels)
    assert layer.given is None


def test_other_layers_are_refused():
    with pytest.raises(InputError, match="here it is `x`, of type Input"):
        set_arrays(types.SimpleNamespace(name="x", type="Input"), DATA, LABELS)
