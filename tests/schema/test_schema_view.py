"""The read-only view that the rest of the package gets."""

from __future__ import annotations

import copy

import pytest

from cae_caffe.schema import (
    Datum,
    LayerParameter,
    NetParameter,
    NetStateRule,
    SolverParameter,
    View,
    messages,
    parse_text,
    view,
)


def layer(text=""):
    return view(parse_text(text, LayerParameter))


def test_set_values_are_shown():
    shown = layer("name: 'c' bottom: ['a', 'b'] loss_weight: 0.1 propagate_down: true")

    assert (shown.name, shown.bottom, shown.propagate_down) == ("c", ("a", "b"), (True,))
    assert shown.loss_weight == (0.10000000149011612,)  # exactly the float32


def test_defaults_are_filled_in_at_any_depth():
    shown = layer()

    assert shown.convolution_param.bias_term is True
    assert shown.convolution_param.weight_filler.type == "constant"
    assert shown.convolution_param.kernel_size == ()
    assert view(SolverParameter()).momentum2 == 0.9990000128746033  # float32 too


def test_enums_are_names():
    assert layer("pooling_param { pool: AVE }").pooling_param.pool == "AVE"
    assert view(SolverParameter()).snapshot_format == "BINARYPROTO"
    assert layer("include { phase: TEST } include { phase: TRAIN }").include[0].phase == "TEST"
    assert view(NetStateRule()).phase == "TRAIN"  # no default: the first value


def test_bytes_stay_bytes():
    assert view(Datum(data=b"\xff")).data == b"\xff"


def test_sub_messages_are_views():
    net = view(NetParameter(layer=[LayerParameter(name="a")]))

    assert isinstance(net.layer, tuple) and isinstance(net.layer[0], View)
    assert net.layer[0].name == "a"


def test_has_tells_what_is_set():
    shown = layer("convolution_param { num_output: 0 } top: 'x'")

    assert shown.has("convolution_param") and shown.convolution_param.has("num_output") and shown.has("top")
    assert not shown.has("name") and not shown.has("relu_param") and not shown.has("bottom")
    assert not shown.convolution_param.has("weight_filler")
    assert not shown.convolution_param.weight_filler.has("std")


def test_looking_does_not_set():
    message = LayerParameter()

    assert view(message).convolution_param.weight_filler.std == 1
    assert message == LayerParameter() and not message.HasField("convolution_param")


def test_a_value_is_converted_once():
    shown = layer("top: 'x'")

    assert shown.top is shown.top and shown.convolution_param is shown.convolution_param


def test_it_cannot_be_changed():
    shown = layer("name: 'a'")

    with pytest.raises(AttributeError, match=r"LayerParameter\.name cannot be set: this view is read-only"):
        shown.name = "b"
    with pytest.raises(AttributeError, match="read-only"):
        del shown.name
    assert shown.name == "a"


@pytest.mark.parametrize("ask", [lambda shown: shown.num_outputs, lambda shown: shown.has("num_outputs")])
def test_an_unknown_field_is_refused_with_the_nearest(ask):
    with pytest.raises(AttributeError, match="ConvolutionParameter has no field 'num_outputs'; did you mean `num_out"):
        ask(layer().convolution_param)


def test_it_can_be_copied_and_asked_for_its_names():
    shown = layer("name: 'a'")

    assert copy.copy(shown).name == "a"
    assert not hasattr(shown, "__array__")
    assert {"name", "convolution_param", "has"} <= set(dir(shown))


def test_it_is_printed_with_what_is_set():
    assert repr(layer("name: 'c' pooling_param { pool: MAX }")) == (
        "LayerParameter(name='c', pooling_param=PoolingParameter(pool='MAX'))")


def test_no_field_is_hidden_by_the_views_own_names():
    own = set(vars(View)) | set(dir(object))
    fields = {name for message_class in messages.NAMESPACE.values() if hasattr(message_class, "FromString")
              for name in message_class.DESCRIPTOR.fields_by_name}

    assert not own & fields and len(fields) > 200
