"""What forks say of precision and of kernels changes nothing, and shuffled databases are refused."""

from __future__ import annotations

import pytest

from cae_caffe import pycaffe as caffe
from cae_caffe.errors import InputError

NET = """
default_forward_type: FLOAT16 default_backward_type: FLOAT16 default_forward_math: FLOAT global_grad_scale: 1000
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 2 dim: 3 } data_filler { value: 2 } } }
layer { name: "y" type: "Power" bottom: "x" top: "y" power_param { scale: 1.1 }
  forward_type: FLOAT backward_math: FLOAT16 }
layer { name: "z" type: "ReLU" bottom: "y" top: "y" relu_param { engine: CAFFE } }
"""


def test_numbers_are_of_32_bits_whatever_is_asked_for(tmp_path):
    (tmp_path / "plain.prototxt").write_text(NET[NET.index("layer {"):].replace("forward_type: FLOAT backward_math: "
                                                                                "FLOAT16", ""))
    (tmp_path / "net.prototxt").write_text('engine: "MKLDNN" ' + NET.replace("engine: CAFFE", "engine: MKL2017"))
    found, plain = (caffe.Net(str(tmp_path / f"{name}.prototxt"), caffe.TEST).forward()["y"]
                    for name in ("net", "plain"))
    assert found.tobytes() == plain.tobytes()


def test_a_shuffled_database_is_refused(tmp_path):
    (tmp_path / "net.prototxt").write_text('layer { name: "d" type: "Data" top: "d" data_param { source: "db" '
                                           "batch_size: 1 cache: true shuffle: true } }")
    with pytest.raises(InputError, match="asks for `shuffle`, by which NVIDIA's Caffe mixes"):
        caffe.Net(str(tmp_path / "net.prototxt"), caffe.TRAIN)
