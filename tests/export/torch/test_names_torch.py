"""Layers' and blobs' names in Python."""

from __future__ import annotations

import pytest

from cae_caffe.export.torch.names import ATTRIBUTES, CLASSES, VARIABLES, Names, class_name, file_stem, identifier


@pytest.mark.parametrize("name, wanted", [
    ("inception_3a/1x1", "inception_3a_1x1"), ("conv1", "conv1"), ("1x1", "layer_1x1"), ("lambda", "lambda_"),
    ("__x", "x"), ("größe", "gr_e"), ("", "layer"), ("///", "layer"), ("a b-c.d", "a_b_c_d"), ("l", "l_"),
    ("I/", "I_")])
def test_identifiers(name, wanted):
    assert identifier(name, "layer") == wanted


@pytest.mark.parametrize("name, wanted", [
    ("LeNet", "LeNet"), ("cae2-n10", "Cae2N10"), ("VGG_16_layers", "VGG16Layers"), ("3d net", "Net_3dNet"),
    ("", "Net"), ("none", "None_")])
def test_class_names(name, wanted):
    assert class_name(name) == wanted


def test_no_name_is_given_twice_nor_one_of_a_modules_own():
    names = Names(ATTRIBUTES)
    found = [names.unused(name, "layer") for name in ("a/b", "a_b", "a-b", "eval", "training", "forward")]
    assert found == ["a_b", "a_b_2", "a_b_3", "eval_2", "training_2", "forward_2"]


def test_no_name_hides_what_the_source_uses():
    variables, classes = Names(VARIABLES), Names(CLASSES)
    assert [variables.unused(name, "blob") for name in ("torch", "math", "F", "itertools")] == [
        "torch_2", "math_2", "F_2", "itertools_2"]
    assert classes.unused(class_name("value-error"), "Net") == "ValueError_2"


@pytest.mark.parametrize("name, wanted", [
    ("torch", "torch_net"), ("random", "random_net"), ("safetensors", "safetensors_net"), ("math", "math_net"),
    ("LeNet", "LeNet"), ("a" * 300, "a" * 100)])
def test_no_file_is_in_the_way_of_a_module_that_pytorch_imports(name, wanted):
    assert file_stem(name) == wanted
