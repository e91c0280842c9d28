"""On which line a layer stands, before and after upgrading."""

from __future__ import annotations

import pytest

from cae_caffe.schema import layer_lines, read_net_with_lines


@pytest.fixture
def lines_of(tmp_path):
    def read(text):
        (tmp_path / "net.prototxt").write_text(text)
        net, lines = read_net_with_lines(tmp_path / "net.prototxt")
        return [(layer.name, line) for layer, line in zip(net.layer, lines)] if len(net.layer) == len(lines) else None

    return read


def test_each_block_has_its_line():
    text = """# layer { in a comment }
name: "layer { in a string"
layer { name: "a" } layer {
  name: "layer" }
layer
{
}
layer: < > layer: [ {
  },
  { } ]
"""
    assert layer_lines(text) == [3, 3, 5, 8, 8, 10]


def test_old_blocks_count_too():
    assert layer_lines("layers { }\n\nlayers { layer { } }") == [1, 3]


def test_todays_net_keeps_its_lines(lines_of):
    assert lines_of("layer { name: 'a' }\nlayer { name: 'b' }") == [("a", 1), ("b", 2)]


def test_an_input_layer_gets_the_line_of_the_first_input(lines_of):
    text = "name: 'n'\ninput: 'x'\ninput: 'y'\ninput_shape { }\ninput_shape { }\nlayer { name: 'a' }"

    assert lines_of(text) == [("input", 2), ("a", 6)]


def test_an_input_without_shape_becomes_no_layer(lines_of):
    assert lines_of("input: 'x'\nlayer { name: 'a' }") == [("a", 2)]


def test_padding_layers_take_their_lines_away(lines_of):
    text = """input: "data" input_dim: 1 input_dim: 1 input_dim: 9 input_dim: 9
layers { bottom: "data" top: "p" layer { name: "p" type: "padding" pad: 1 } }
layers { bottom: "p" top: "c" layer { name: "c" type: "conv" } }
layers { bottom: "c" top: "r" layer { name: "r" type: "relu" } }
"""
    assert lines_of(text) == [("input", 1), ("c", 3), ("r", 4)]


def test_layer_blocks_that_a_v0_net_loses_lose_their_lines(lines_of):
    assert lines_of("layer { name: 'new' }\nlayers { layer { name: 'old' type: 'relu' } }") == [("old", 2)]
