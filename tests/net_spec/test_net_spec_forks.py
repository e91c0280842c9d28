"""Layers of forks in nets written in Python: every type is known, and every field of its messages is a keyword."""

from __future__ import annotations

import warnings

import pytest

from cae_caffe import schema
from cae_caffe.net_spec import layers as L
from cae_caffe.net_spec import to_proto
from cae_caffe.net_spec.fields import fields_of
from cae_caffe.schema import forks


@pytest.mark.parametrize("type_name", forks.layers())
def test_a_layer_of_a_fork_is_no_stranger(type_name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = to_proto(getattr(L, type_name)(L.Input(), name="x"))
    assert net.layer[-1].type == type_name


def test_all_messages_of_fork_layers_belong_to_a_type():
    """So that their fields can be written as keywords; those of data layers and of several types are named."""
    plain = {field.name for message in schema.messages.plain_file().message_type if message.name == "LayerParameter"
             for field in message.field}
    added = {field.name for field in schema.LayerParameter.DESCRIPTOR.fields} - plain
    reached = {field for type_name in forks.layers() for field in fields_of(type_name)}
    assert {field for field in added if field.endswith("_param")} <= reached
