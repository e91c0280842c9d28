"""Suggestions for unknown names: near ones are found, and none misleads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cae_caffe import spelling
from cae_caffe.schema import LayerParameter, layer_types

# Type names as half-upgraded nets and typing hands write them, and what they mean, if Caffe 1.0 has it.
MEANT = {
    "RELU": "ReLU", "relu": "ReLU", "CONVOLUTION": "Convolution", "INNER_PRODUCT": "InnerProduct", "TANH": "TanH",
    "SOFTMAX_LOSS": "SoftmaxWithLoss", "Softmaxloss": "SoftmaxWithLoss", "EUCLIDEAN_LOSS": "EuclideanLoss",
    "HDF5_DATA": "HDF5Data", "InnerProd": "InnerProduct", "Deconv": "Deconvolution", "Euclidean": "EuclideanLoss",
    "EuclidianLoss": "EuclideanLoss", "conv": "Convolution", "images": "ImageData", "Sigmiod": "Sigmoid",
    "batch_norm": "BatchNorm", "Poling": "Pooling", "Fictitious": None,
}
# Of forks, and near to names of Caffe 1.0 that mean something else.
OTHERS = {"BN": "alexgkendall/caffe-segnet", "permute": "weiliu89/caffe, branch ssd", "Axpy": "hujie-frank/SENet",
          "DenseCRF": "hszhao/PSPNet", "ReLU6": "eric612/MobileNet-YOLO"}


@pytest.mark.parametrize("written", MEANT)
def test_a_layer_type_is_understood_whatever_its_case_and_age(written):
    said = layer_types.meaning(written, layer_types.CAFFE_TYPES)

    assert said == (f" (did you mean `{MEANT[written]}`?)" if MEANT[written] else "")


@pytest.mark.parametrize("written", OTHERS)
def test_a_layer_of_another_caffe_is_not_taken_for_one_of_caffe_1(written):
    said = layer_types.meaning(written, layer_types.CAFFE_TYPES)

    assert said.startswith(" (the fork") and OTHERS[written] in said and said.endswith(" it)")


def test_a_type_of_a_fork_that_is_known_here_is_told_by_its_name():
    assert layer_types.meaning("permute", layer_types.layer_types()) == " (did you mean `Permute`?)"


@pytest.mark.parametrize("written, meant", [
    ("bn_parm", "bn_param"), ("fictitious_param", None), ("splat_param", None),
    ("inner_prodct_param", "inner_product_param"),
    ("convolution", "convolution_param"), ("pooling", "pooling_param"), ("Top", "top"), ("bottm", "bottom"),
])
def test_a_field_is_told_by_what_stands_before_param(written, meant):
    assert spelling.nearest(written, LayerParameter.DESCRIPTOR.fields_by_name) == meant


def test_swapped_letters_of_a_short_name_are_found():
    assert spelling.nearest("MXA", ["AVE", "MAX"]) == "MAX"
    assert spelling.did_you_mean("naem", ["name"]) == "; did you mean `name`?"
    assert spelling.did_you_mean("xyz", ["name"]) == ""


def test_nothing_imports_difflib_before_a_name_is_wrong():
    code = "import sys, cae_caffe.schema, cae_caffe.net_spec, cae_caffe.cli.main; assert 'difflib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
