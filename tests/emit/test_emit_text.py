"""Prototxt from dicts."""

from cae_caffe.emit import Word, format_fields


def test_scalars():
    fields = {"name": "a", "type": Word("SGD"), "base_lr": 0.006, "max_iter": 20000, "test_compute_loss": True}
    assert format_fields(fields) == 'name: "a"\ntype: SGD\nbase_lr: 0.006\nmax_iter: 20000\ntest_compute_loss: true\n'


def test_a_string_is_escaped():
    assert format_fields({"source": 'a\\b "c"\nd'}) == 'source: "a\\\\b \\"c\\"\\nd"\n'


def test_repeated_fields_stand_one_after_another_and_empty_ones_nowhere():
    assert format_fields({"dim": [1, 28], "bottom": []}) == "dim: 1\ndim: 28\n"


def test_a_short_message_stands_on_one_line():
    assert format_fields({"a": {"b": {"dim": [0, 1]}, "c": 2}}) == "a { b { dim: 0 dim: 1 } c: 2 }\n"


def test_a_long_message_is_indented():
    name = "n" * 70
    assert format_fields({"a": {"name": name, "b": {"c": 2}}}) == f'a {{\n  name: "{name}"\n  b {{ c: 2 }}\n}}\n'


def test_layers_always_take_several_lines():
    assert format_fields({"layer": {"name": "a"}, "layers": {"name": "b"}}) == (
        'layer {\n  name: "a"\n}\nlayers {\n  name: "b"\n}\n')
