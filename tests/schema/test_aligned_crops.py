"""Crop layers that say nothing of where they cut: the net does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cae_caffe import schema
from cae_caffe.errors import InputError
from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L
from cae_caffe.pycaffe import coord_map
from cae_caffe.schema.upgrade import aligned_crops

INPUT = 'input: "data" input_dim: 1 input_dim: 3 input_dim: 64 input_dim: 64\n'


def windows(name, kind, bottom, kernel, stride=1, pad=0):
    param = "pooling_param" if kind == "POOLING" else "convolution_param { num_output: 2"
    opened = f"{param} {{" if kind == "POOLING" else param
    return (f'layers {{ name: "{name}" type: {kind} bottom: "{bottom}" top: "{name}" '
            f'{opened} kernel_size: {kernel} stride: {stride} pad: {pad} }} }}\n')


def crop(name, first, second):
    return f'layers {{ name: "{name}" type: CROP bottom: "{first}" bottom: "{second}" top: "{name}" }}\n'


def vgg():
    """The way down of FCN's nets: a padding of 100, five poolings, and a kernel of 7."""
    text, bottom = INPUT, "data"
    for number in range(1, 6):
        text += windows(f"conv{number}", "CONVOLUTION", bottom, 3, pad=100 if number == 1 else 1)
        text += f'layers {{ name: "relu{number}" type: RELU bottom: "conv{number}" top: "conv{number}" }}\n'
        text += windows(f"pool{number}", "POOLING", f"conv{number}", 2, 2)
        bottom = f"pool{number}"
    return text + windows("fc6", "CONVOLUTION", bottom, 7) + windows("score", "CONVOLUTION", "fc6", 1)


def offsets(text, name="<string>"):
    return {layer.name: list(layer.crop_param.offset) for layer in schema.parse_net(text, name).layer
            if layer.type == "Crop"}


def test_fcn32_cuts_where_its_later_files_say():
    text = vgg() + windows("up", "DECONVOLUTION", "score", 64, 32) + crop("crop", "up", "data")

    assert offsets(text) == {"crop": [19, 19]}


def test_fcn8_cuts_where_its_later_files_say():
    add = 'layers {{ name: "{0}" type: ELTWISE bottom: "{1}" bottom: "{2}" top: "{0}" }}\n'
    text = (vgg() + windows("score2", "DECONVOLUTION", "score", 4, 2)
            + windows("score-pool4", "CONVOLUTION", "pool4", 1) + crop("score-pool4c", "score-pool4", "score2")
            + add.format("fused", "score2", "score-pool4c") + windows("score4", "DECONVOLUTION", "fused", 4, 2)
            + windows("score-pool3", "CONVOLUTION", "pool3", 1) + crop("score-pool3c", "score-pool3", "score4")
            + add.format("final", "score4", "score-pool3c") + windows("big", "DECONVOLUTION", "final", 16, 8)
            + crop("coarse", "big", "data"))

    assert offsets(text) == {"score-pool4c": [5, 5], "score-pool3c": [9, 9], "coarse": [31, 31]}


WINDOWS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 4), st.booleans()), max_size=4)


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(layers=WINDOWS, pad=st.integers(0, 60))
def test_it_is_what_coord_map_tells(layers, pad):
    net = NetSpec()
    net.data = top = L.Input(shape={"dim": [1, 1, 9, 9]})
    text, bottom = INPUT + windows("first", "CONVOLUTION", "data", 1, pad=pad), "first"
    top = L.Convolution(top, kernel_size=1, pad=pad)
    for number, (kernel, stride, padding, pools) in enumerate(layers):
        kind = "POOLING" if pools else "CONVOLUTION"
        text += windows(f"down{number}", kind, bottom, kernel, stride, padding)
        top = (L.Pooling if pools else L.Convolution)(top, kernel_size=kernel, stride=stride, pad=padding)
        bottom = f"down{number}"
    for number, (kernel, stride, padding, _) in enumerate(reversed(layers)):
        text += windows(f"up{number}", "DECONVOLUTION", bottom, kernel, stride, padding)
        top = L.Deconvolution(top, convolution_param={"kernel_size": kernel, "stride": stride, "pad": padding})
        bottom = f"up{number}"
    try:
        wanted = list(coord_map.crop(top, net.data).fn.params["crop_param"]["offset"])
    except InputError:
        with pytest.raises(InputError, match="Crop"):
            offsets(text + crop("crop", bottom, "data"))
        return

    assert offsets(text + crop("crop", bottom, "data"))["crop"] == [wanted[0]] * 2


def test_height_and_width_and_an_earlier_crop():
    text = INPUT + '''
        layers { name: "c" type: CONVOLUTION bottom: "data" top: "c"
                 convolution_param { num_output: 1 kernel_h: 3 kernel_w: 5 pad_h: 5 pad_w: 4 } }
        layers { name: "d" type: CONVOLUTION bottom: "c" top: "d"
                 convolution_param { num_output: 1 kernel_size: 1 pad: 3 dilation: 2 } }
    ''' + crop("first", "c", "data") + crop("second", "d", "first")

    assert offsets(text) == {"first": [4, 2], "second": [3 + 4, 3 + 2]}


V2 = '''input: "data" input_shape { dim: 1 dim: 1 dim: 4 dim: 4 }
        layer { name: "c" type: "Convolution" bottom: "data" top: "c"
                convolution_param { num_output: 1 pad: 2 kernel_size: 1 } }
        layer { name: "crop" type: "Crop" bottom: "c" bottom: "data" top: "crop" }'''


def test_todays_layers_cut_as_caffe_does_unless_the_fork_is_named(monkeypatch):
    assert offsets(V2) == {"crop": []}
    assert offsets("# fork: fcn\n" + V2) == {"crop": [2, 2]}
    monkeypatch.setenv("CAE_CAFFE_FORK", "fcn")
    assert offsets(V2) == {"crop": [2, 2]}
    assert offsets(V2.replace('top: "crop" }', 'top: "crop" crop_param { offset: 1 } }')) == {"crop": [1]}


def test_a_crop_that_does_not_align_is_told_once(caplog):
    aligned_crops._warn.cache_clear()

    for _ in range(2):
        schema.parse_net(V2, "net.prototxt")

    assert len(caplog.messages) == 1
    assert "net.prototxt: layer `crop`" in caplog.text
    assert "2 rows and 2 columns further on" in caplog.text
    assert "`# fork: fcn`" in caplog.text


@pytest.mark.parametrize("text", [V2.replace("pad: 2", "pad: 0"), V2.replace("kernel_size: 1", "kernel_size: 2"),
                                  V2.replace('top: "crop" }', 'top: "crop" crop_param { offset: 1 } }'),
                                  "# fork: fcn\n" + V2])
def test_others_are_not(text, caplog):
    schema.parse_net(text)

    assert not caplog.messages


@pytest.mark.parametrize(("text", "match"), [
    (windows("a", "CONVOLUTION", "data", 2, 2) + crop("crop", "a", "data"),
     r"net\.txt: layer `crop`.*a step in.* 2 times"),
    (windows("a", "CONVOLUTION", "data", 2) + crop("crop", "a", "data"), "begins at -0.5"),
    (windows("a", "CONVOLUTION", "data", 3) + crop("crop", "a", "data"), "begins at -1"),
    (crop("crop", "data", "other"), "no common blob"),
    ('layers { name: "ip" type: INNER_PRODUCT bottom: "data" top: "ip" }\n' + crop("crop", "ip", "data"),
     "layer `ip` .type InnerProduct"),
    ('layers { name: "p" type: POOLING bottom: "data" top: "p" pooling_param { global_pooling: true } }\n'
     + crop("crop", "p", "data"), "layer `p`"),
    ('layers { name: "crop" type: CROP bottom: "data" top: "crop" }', "1 bottoms and takes two"),
])
def test_what_cannot_be_aligned(text, match):
    with pytest.raises(InputError, match=match):
        offsets(INPUT + text, "net.txt")


def test_crf_rnns_nets_are_known_by_their_layer():
    today = schema.format_text(schema.parse_net(vgg() + windows("up", "DECONVOLUTION", "score", 64, 32)))
    today += 'layer { name: "crop" type: "Crop" bottom: "up" bottom: "data" top: "crop" }\n'
    crf = 'layer { name: "crf" type: "MultiStageMeanfield" bottom: "crop" bottom: "crop" bottom: "data" top: "crf" }\n'

    assert offsets(today + crf) == {"crop": [19, 19]}
    assert offsets(today) == {"crop": []}
