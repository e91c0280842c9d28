"""`cae-caffe diagnose` on both engines: what it measures, what it says, and its exit status."""

from __future__ import annotations

import numpy as np
import pytest

from cae_caffe import schema


@pytest.fixture
def diagnosed(on_engine, autoencoder):
    """Runs the command and returns how it ended, the table's cells by layer, and the sentences."""
    def run(*words):
        done = on_engine("diagnose", autoencoder.net, autoencoder.weights, "--data", autoencoder.data, *words)
        table, _, said = done.out.partition("\n\n")
        heading, rule, *lines = table.splitlines()
        starts = [at for at, letter in enumerate(rule) if letter == "-" and (at == 0 or rule[at - 1] == " ")]
        cells = [[line[a:b].strip() for a, b in zip(starts, [*starts[1:], None])] for line in (heading, *lines)]
        return done, {row[0]: dict(zip(cells[0], row)) for row in cells[1:]}, said
    return run


def change(autoencoder, **layers):
    """Rewrite the weights file, each of `layers` having its weights changed by a function of the array."""
    net = schema.read_weights(str(autoencoder.weights))
    for layer in net.layer:
        if layer.name in layers:
            values = layers[layer.name](np.array(layer.blobs[0].data, np.float32))
            layer.blobs[0].data[:] = values.tolist()
    schema.write_binary(net, autoencoder.weights)


def test_ranges_and_shares_are_those_of_the_values(diagnosed, autoencoder):
    change(autoencoder, conv1=lambda weights: 4 * weights)
    done, table, said = diagnosed()
    kernels, bias = autoencoder.parameters["conv1"]
    places = [(y, x) for y in range(4) for x in range(3)]
    patches = np.array([[image[0, y:y + 3, x:x + 3] for y, x in places] for image in autoencoder.images], np.float64)
    maps = np.einsum("npij,oij->nop", patches, 4 * kernels[:, 0]) + bias[:, None]
    share = (np.abs(maps) > np.log(99)).mean()
    assert 0.01 < share < 0.5
    expected = {"min": maps.min(), "max": maps.max(), "mean": maps.mean()}
    for name, value in expected.items():
        assert float(table["conv1"][name]) == pytest.approx(value, rel=1e-3)         # four figures are printed
    assert table["conv1"]["saturated"] == table["conv1sig"]["saturated"] == f"{share:.1%}"
    assert (table["conv1"]["size"], table["conv1"]["blob"]) == ("3x4x3", "conv1")
    assert done.status == 0 and "Healthy: no NaN" in said, done.err


def test_a_layer_in_place_is_told_from_the_one_before_it(diagnosed):
    _, table, _ = diagnosed()
    assert float(table["fold"]["min"]) < 0 and float(table["bend"]["min"]) == 0
    assert table["fold"]["blob"] == table["bend"]["blob"] == "folded"
    assert table["bend"]["dead"].endswith("/8") and table["fold"]["dead"] == ""


def test_saturated_layers_are_named_and_the_status_is_1(diagnosed, autoencoder):
    change(autoencoder, conv1=lambda weights: 0 * weights - 100)
    done, table, said = diagnosed()
    assert done.status == 1
    assert table["conv1"]["saturated"] == table["conv1sig"]["saturated"] == "100.0%"
    assert said.startswith("Layer `conv1` (Convolution) is saturated wholly: its values lie in [")
    assert "drive `conv1sig` to its ends, and `conv1sig` lies in [0, " in said and "Healthy" not in said


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_layer_where_a_failed_training_broke_is_named(diagnosed, autoencoder, value):
    change(autoencoder, squeeze=lambda weights: np.where(np.arange(weights.size) == 5, value, weights))
    done, table, said = diagnosed()
    assert done.status == 1
    assert "Parameters: the first NaN or infinity is in layer `squeeze`, in 1 of its 148 weights and biases" in said
    assert "in blob `squeeze` of layer `squeeze` (InnerProduct): " in said
    column = "NaN" if np.isnan(value) else "inf"
    assert table["squeeze"][column] == "6" and table["conv1sig"][column] == ""       # one unit of each of six images
    assert table["squeeze"]["bad weights"] == "1"


def test_weights_all_of_which_are_nan_can_be_diagnosed(diagnosed, autoencoder):
    everything = {name: lambda weights: np.full_like(weights, np.nan) for name in autoencoder.parameters}
    change(autoencoder, **everything)
    done, table, said = diagnosed()
    assert done.status == 1
    assert "first NaN or infinity is in layer `conv1`" in said and "4 layers of 4 with parameters are broken" in said
    assert (table["conv1"]["min"], table["conv1"]["saturated"]) == ("-", "")


def test_as_many_images_as_are_asked_for(diagnosed):
    done, table, _ = diagnosed("--images", "2")
    assert done.status == 0
    assert table["squeeze"]["max"] != diagnosed()[1]["squeeze"]["max"]


@pytest.mark.parametrize("words, fault", [
    (["--images", "0"], "--images 0: it must be at least 1"), (["--data", "none.txt"], "cannot read the list")])
def test_wrong_use_is_one_line_and_status_2(on_engine, autoencoder, words, fault):
    done = on_engine("diagnose", autoencoder.net, autoencoder.weights, "--data", autoencoder.data, *words)
    assert done.status == 2 and f"cae-caffe diagnose: {fault}" in done.err and done.out == ""


def test_weights_as_bytes_run_here_and_are_refused_for_real_caffe(on_engine, request, autoencoder):
    stored = schema.read_weights(str(autoencoder.weights))
    for layer in stored.layer:
        for blob in layer.blobs:
            blob.raw_data, blob.raw_data_type = np.array(blob.data, "<f2").tobytes(), 2
            blob.ClearField("data")
    schema.write_binary(stored, autoencoder.weights)
    done = on_engine("diagnose", autoencoder.net, autoencoder.weights, "--data", autoencoder.data)
    if "caffe" in request.node.callspec.params.values():
        assert done.status == 2 and "is stored as `raw_data`" in done.err and "`cae-caffe upgrade`" in done.err
    else:
        assert done.status == 0
