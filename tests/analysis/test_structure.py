"""Which blob holds the code, who writes a blob, and what an output meets, told by a net's graph."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from net_zoo import INPUT, ip, layer

from cae_caffe import InputError, schema
from cae_caffe.analysis.principles import _activation
from cae_caffe.analysis.structure import code_blob, value_of
from cae_caffe.graph import graph_of, without_splits


def shaped(text, **shapes):
    """The graph of a text, its blobs of the given shapes."""
    graph = without_splits(graph_of(schema.parse_net(text)))
    for blob in graph.blobs:
        blob.source = SimpleNamespace(shape=shapes[blob.name])
    return graph


def test_the_code_is_the_first_of_the_narrowest_blobs_with_a_row_for_each_image():
    text = (INPUT + ip("wide", "x") + ip("code", "wide") + ip("again", "code")
            + layer("Reduction", "sum", ["x"], ["sum"]))
    graph = shaped(text, x=(2, 48), wide=(2, 9), code=(2, 3), again=(2, 3), sum=())
    assert code_blob(graph) == "code"
    assert code_blob(shaped(text, x=(2, 1), wide=(2, 9), code=(1, 3), again=(2, 8), sum=(2,))) == "again"


def test_a_code_by_name_stays_one_however_wide_it_is():
    assert code_blob(shaped(INPUT + ip("encode4", "x") + ip("two", "encode4"), x=(2, 3), encode4=(2, 9), two=(2, 1))
                     ) == "encode4"


def test_a_net_without_computed_rows_has_no_code():
    assert code_blob(shaped(INPUT, x=(2, 3))) is None
    assert code_blob(graph_of(schema.parse_net(""))) is None


def test_the_last_writer_of_a_blob_counts_and_an_unknown_one_is_refused():
    graph = without_splits(graph_of(schema.parse_net(
        INPUT + ip("one", "x") + layer("ReLU", "bend", ["one"], ["one"]) + ip("two", "one") + ip("three", "one"))))
    assert value_of(graph, "one").producer.name == "bend"
    with pytest.raises(InputError, match="the net: no blob `four` in this net; it has x, one, two, three"):
        value_of(graph, "four")


@pytest.mark.parametrize("between, found", [
    ("", "Sigmoid"),
    (layer("BatchNorm", "norm", ["one"], ["one"]) + layer("Scale", "scale", ["one"], ["one"]), "Sigmoid"),
    (layer("ReLU", "bend", ["one"], ["one"]), "ReLU"),
], ids=["next", "behind layers in place", "in place"])
def test_the_first_activation_behind_a_layer_is_met(between, found):
    graph = graph_of(schema.parse_net(INPUT + ip("one", "x") + between + layer("Sigmoid", "act", ["one"], ["act"])))
    assert _activation(graph, graph.nodes[1]) == found


def test_an_activation_behind_another_computation_is_not_met():
    text = INPUT + ip("one", "x") + ip("two", "one") + layer("Sigmoid", "act", ["two"], ["act"])
    graph = graph_of(schema.parse_net(text))
    assert _activation(graph, graph.nodes[1]) is None
