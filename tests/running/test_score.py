"""Scoring through pycaffe's names: the means of a net's outputs over batches."""

from __future__ import annotations

import numpy as np
import pytest
import small_training
import two_engines

from cae_caffe import pycaffe, schema
from cae_caffe.engine import log
from cae_caffe.errors import InputError
from cae_caffe.running import layer_times, score
from cae_caffe.running.state_check import check_state


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    small_training.write(tmp_path)
    pycaffe.set_random_seed(4)
    pycaffe.Net("net.prototxt", pycaffe.TEST).save("w.caffemodel")
    return tmp_path


def means(caffe, iterations, stages):
    """The means of a net's outputs, from batches run one by one."""
    net = caffe.Net("net.prototxt", caffe.TEST, stages=stages, weights="w.caffemodel")
    total = dict.fromkeys(net.outputs, 0)
    for _ in range(iterations):
        for name, values in net.forward().items():
            total[name] = total[name] + values.astype(float).ravel()
    return {name: values / iterations for name, values in total.items()}


@pytest.mark.parametrize("iterations, stage", [(1, ""), (4, ""), (5, "on-train")])
def test_the_means_are_those_of_the_batches(iterations, stage, real_caffe, folder):
    found = score.test(pycaffe, "net.prototxt", "w.caffemodel", iterations, stage=stage)
    real = two_engines.on_real(real_caffe, means, folder, iterations=iterations, stages=[stage] if stage else [])
    assert sorted(found) == sorted(real) == ["entropy", "l2"]
    for name, values in real.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5)


def test_an_output_of_many_values_has_a_mean_for_each(folder):
    text = small_training.net() + 'layer { name: "top" type: "TanH" bottom: "decode" top: "row" }\n'
    (folder / "net.prototxt").write_text(text, encoding="utf-8")
    found = score.test(pycaffe, "net.prototxt", "w.caffemodel", 3)
    assert {name: len(values) for name, values in found.items()} == {"entropy": 1, "l2": 1, "row": 60}
    expected = two_engines.on_embedded(means, iterations=3, stages=[])["row"]
    np.testing.assert_allclose(found["row"], expected, rtol=1e-5, atol=1e-7)


def test_values_of_outputs_that_change_their_size_are_counted_through_all_outputs(folder):
    sized = ('layer { name: "sized" type: "Python" bottom: "data" top: "sized" '
             'python_param { module: "other_sizes" layer: "OtherSizes" } }\n')
    tail = ('layer { name: "tail" type: "DummyData" top: "tail" '
            'dummy_data_param { shape { dim: 1 } data_filler { value: 1 } } }\n')
    quiet = 'layer { name: "quiet" type: "Silence" bottom: "data" }'
    data = small_training.NET.split("layer", 4)
    (folder / "net.prototxt").write_text("layer".join(data[:4]) + sized + tail + quiet, encoding="utf-8")
    pycaffe.Net("net.prototxt", pycaffe.TEST).save("w.caffemodel")
    found = score.test(pycaffe, "net.prototxt", "w.caffemodel", 3)
    assert found == {"sized": [20, pytest.approx((11 + 1 + 31) / 3), pytest.approx((12 + 1) / 3)],
                     "tail": [pytest.approx(1 / 3)]}


def test_the_states_a_net_can_be_in_are_checked_before_it_is_built(folder, capsys):
    check_state(schema.read_net("net.prototxt"), "net.prototxt", "TEST", 0, [])
    check_state(schema.read_net("net.prototxt"), "net.prototxt", "TRAIN", 0, ["on-train"])
    assert not capsys.readouterr().err
    check_state(schema.read_net("net.prototxt"), "net.prototxt", "TEST", 0, ["none"])
    assert "knows the stage `none`" in capsys.readouterr().err


def test_weights_of_another_net_are_refused(folder):
    other = schema.NetParameter()
    other.layer.add(name="conv9").blobs.add(shape={"dim": [2]}, data=[1, 2])
    schema.write_binary(other, folder / "other.caffemodel")
    with pytest.raises(InputError, match=r"^other\.caffemodel: these weights are another net's: they are for the "
                                         r"layers conv9, of which net\.prototxt has none"):
        score.test(pycaffe, "net.prototxt", "other.caffemodel", 1)


def test_a_misspelt_bottom_is_told(folder):
    text = small_training.net().replace('bottom: "encode"', 'bottom: "encoed"')
    (folder / "net.prototxt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"net\.prototxt: in phase TEST, level 0 and no stage, no layer produces "
                                         "`encoed`, a bottom of layer `encodesig`; perhaps `encode` is meant"):
        score.test(pycaffe, "net.prototxt", "w.caffemodel")


def test_a_net_without_layers_in_its_state_is_refused(folder):
    (folder / "net.prototxt").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"^net\.prototxt: the net has no layers to run, and Caffe runs none without"):
        score.test(pycaffe, "net.prototxt", "w.caffemodel")
    text = 'layer { name: "a" type: "Silence" include { phase: TRAIN } }'
    (folder / "net.prototxt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="the net has no layers in phase TEST to run"):
        score.test(pycaffe, "net.prototxt", "w.caffemodel")


def test_the_net_is_read_from_its_file_once(folder, monkeypatch):
    read, paths = schema.read_net_with_lines, []
    monkeypatch.setattr(schema, "read_net_with_lines", lambda path: paths.append(path) or read(path))
    monkeypatch.setattr(schema, "read_net", lambda path: paths.append(path) or read(path)[0])
    score.test(pycaffe, "net.prototxt", "w.caffemodel", 1)
    layer_times.time_layers(pycaffe, "net.prototxt", 1)
    assert paths == ["net.prototxt"] * 2
