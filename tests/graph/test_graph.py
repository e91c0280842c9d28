"""The graph of a net: who writes and who reads what, in which order, and where it stands."""

from __future__ import annotations

import subprocess
import sys

import pytest
from net_zoo import INPUT, NETS, PAIR, RULES, SHARED, ip, layer, loss

from cae_caffe import InputError, schema
from cae_caffe.graph import graph_of, read_graph, without_splits

CHAIN = INPUT + ip("one", "x") + layer("ReLU", "bend", ["one"], ["one"]) + layer("TanH", "again", ["one"], ["one"])


def parsed(text):
    return graph_of(schema.parse_net(text))


@pytest.fixture
def read(tmp_path):
    """Return the graph of a text that is written to a file, in phase TEST unless told."""
    def graph(text, phase="TEST", **state):
        (tmp_path / "net.prototxt").write_text(text, encoding="utf-8")
        return read_graph(tmp_path / "net.prototxt", phase, **state)
    return graph


def edges(graph):
    """By layer's name: the layers that wrote what it reads, with the blobs' names."""
    return {node.name: [(value.producer.name, value.name) for value in node.inputs] for node in graph.nodes}


def test_a_node_has_name_type_place_and_parameters_with_caffes_defaults(read):
    graph = read("# a net\nname: 'small'\n" + INPUT + ip("one", "x"))
    node = graph.nodes[1]
    assert (graph.name, [n.number for n in graph.nodes]) == ("small", [0, 1])
    assert (node.name, node.type, node.line) == ("one", "InnerProduct", 4)
    assert node.place == f"layer `one` (type InnerProduct, {graph.file}:4)"
    assert (node.bottoms, node.tops) == (("x",), ("one",))
    assert (node.param.inner_product_param.num_output, node.param.inner_product_param.axis) == (5, 1)
    assert node.message.inner_product_param.num_output == 5


def test_layers_in_place_write_values_of_their_own_into_one_blob():
    graph = parsed(CHAIN + ip("two", "one"))
    one, bend, again, two = graph.nodes[1:]
    assert edges(graph) == {"in": [], "one": [("in", "x")], "bend": [("one", "one")], "again": [("bend", "one")],
                            "two": [("again", "one")]}
    assert [node.in_place for node in (one, bend, again, two)] == [False, True, True, False]
    assert one.outputs[0].consumers == [bend] and bend.outputs[0].consumers == [again]
    assert one.outputs[0].blob is again.outputs[0].blob
    assert [blob.name for blob in graph.blobs] == ["x", "one", "two"]
    assert [blob.number for blob in graph.blobs] == [0, 1, 2]
    assert graph.finals["one"].producer is again


def test_inputs_and_outputs_are_caffes():
    graph = parsed(NETS["outputs by name"])
    assert [value.name for value in graph.inputs] == ["x", "y"]
    assert [value.name for value in graph.outputs] == ["Bee", "_", "ant", "zebra"]


def test_a_blob_with_several_readers_is_split_as_caffe_splits_it():
    graph = parsed(CHAIN + ip("two", "one") + ip("three", "one"))
    split = graph.nodes[4]
    assert (split.name, split.type, split.number) == ("one_again_0_split", "Split", 4)
    assert split.tops == ("one_again_0_split_0", "one_again_0_split_1")
    assert edges(graph)["three"] == [("one_again_0_split", "one_again_0_split_1")]


def test_without_splits_readers_read_what_was_copied():
    graph = parsed(CHAIN + ip("two", "one") + ip("three", "one"))
    plain = without_splits(graph)
    again = plain.nodes[3]
    assert edges(plain) == {"in": [], "one": [("in", "x")], "bend": [("one", "one")], "again": [("bend", "one")],
                            "two": [("again", "one")], "three": [("again", "one")]}
    assert [node.name for node in again.outputs[0].consumers] == ["two", "three"]
    assert [node.number for node in plain.nodes] == [0, 1, 2, 3, 5, 6]        # as the net runs
    assert [blob.name for blob in plain.blobs] == ["x", "one", "two", "three"]
    assert plain.nodes[5].message.bottom == ["one"] and plain.nodes[5].param.bottom == ("one",)
    assert [value.producer for value in plain.outputs] == [plain.nodes[5], plain.nodes[4]]
    assert edges(graph)["two"] == [("one_again_0_split", "one_again_0_split_0")]        # as it was


def test_without_splits_a_loss_that_is_read_has_its_weight_back():
    graph = parsed(NETS["loss top with a consumer"])
    assert [list(node.message.loss_weight) for node in graph.nodes] == [[], [], [], [2, 0], []]
    assert [list(node.message.loss_weight) for node in without_splits(graph).nodes] == [[], [], [2], []]


def test_a_split_of_the_file_itself_is_left_out_too():
    plain = without_splits(parsed(NETS["explicit split"] + layer("Silence", "quiet", ["c"])))
    assert edges(plain) == {"in": [], "one": [("in", "x")], "two": [("in", "x")], "quiet": [("in", "x")]}
    assert [value.name for value in plain.outputs] == ["one", "two"]


def test_a_split_of_the_file_itself_stays_if_one_of_its_copies_is_an_output():
    plain = without_splits(parsed(NETS["explicit split"]))
    assert edges(plain) == {"in": [], "fork": [("in", "x")], "one": [("fork", "a")], "two": [("fork", "b")]}
    assert [value.name for value in plain.outputs] == ["c", "one", "two"]


@pytest.mark.parametrize("more, weights", [("loss_weight: 2 loss_weight: 0", [[], [2, 0], []]),
                                           ("loss_weight: 2", [[2], []])])
def test_the_weight_of_a_split_that_stays_is_its_own(more, weights):
    read = [ip("one", "a")] if len(weights) == 3 else [ip("one", "b")]
    graph = parsed(INPUT + layer("Split", "fork", ["x"], ["a", "b"], more) + "".join(read))
    assert [list(node.message.loss_weight) for node in without_splits(graph).nodes] == weights


def test_a_bottom_read_twice_is_one_value():
    plain = without_splits(parsed(NETS["split of one bottom used twice"]))
    first, second = plain.nodes[2].inputs
    assert first is second and first.consumers == [plain.nodes[2], plain.nodes[2]]


def test_the_state_chooses_the_layers(read):
    def names(*state, **more):
        return {node.name for node in without_splits(read(RULES, *state, **more)).nodes}

    assert names("TRAIN") == {"in", "both", "train", "not-test", "low", "not-a", "no-a", "neither"}
    assert "not-test" not in names("TEST") and "test" in names("TEST")
    assert names("TEST", level=2) >= {"high", "between"} and "low" not in names("TEST", level=2)
    assert names("TEST", stages=["a"]) >= {"a", "a-or-b", "a-without-b", "test-a"}


def test_the_files_own_level_holds_where_none_is_given(read):
    text = "state { level: 2 }\n" + RULES
    assert "high" not in {node.name for node in read(text).nodes}
    assert "high" in {node.name for node in read(text, level=None).nodes}


def test_two_layers_of_one_name_are_two_nodes(read):
    graph = read(NETS["layers of one name"])
    assert [(node.name, node.bottoms, node.line) for node in graph.nodes[1:]] == [
        ("one", ("x",), 2), ("one", ("a",), 3)]


def test_old_nets_are_upgraded_and_keep_their_lines(read):
    graph = read(NETS["old layers"].replace("layers {", "\nlayers {"))
    assert [(node.type, node.line) for node in graph.nodes] == [("Input", 1), ("InnerProduct", 3), ("ReLU", 5)]


def test_every_layer_has_the_phase_it_runs_in(read):
    graph = read(NETS["a layer's own phase"])
    assert [node.param.phase for node in graph.nodes] == ["TEST", "TRAIN", "TEST"]


def test_the_net_that_a_graph_is_made_of_stays_as_it_is():
    net = schema.parse_net(CHAIN + ip("two", "one") + ip("three", "one"))
    before = net.SerializeToString()
    without_splits(graph_of(net))
    assert net.SerializeToString() == before


@pytest.mark.parametrize("text, message", [
    (PAIR + ip("two", "oen"), r"layer `two` \(type InnerProduct, .*net\.prototxt:2\): its bottom `oen` \(number 0\)"),
    (PAIR + ip("one", "x", more="include { phase: TRAIN }") + ip("two", "one"),
     r"layer `two` .*:3\): its bottom `one` .* in this phase, level and stage"),
    (PAIR + ip("one", "x") + ip("two", "y", "one"), r"layer `two` .*:3\): its top `one` is already the top of layer `"),
    (PAIR + layer("Split", "s", ["x"], ["a", "a"]), r"layer `s` .*:2\): its top `a` is already the top"),
    (PAIR + loss("l", ["x", "y"], ["l"], "propagate_down: true"),
     r"layer `l` .*:2\): it gives `propagate_down` 1 times for 2 bottoms"),
    (PAIR + ip("one", "x", more="include { } exclude { }"), r"net\.prototxt: Layer `one` has both `include`"),
    ("name: 'none'", r"net\.prototxt: the net has no layers"),
], ids=["bottom", "phase", "top", "top twice", "propagate_down", "rules", "empty"])
def test_what_caffe_refuses_is_refused_with_its_place(text, message, read):
    with pytest.raises(InputError, match=message):
        read(text)


def test_shapes_and_arrays_are_unknown_before_a_net_is_there():
    graph = parsed(PAIR + ip("one", "x", more=SHARED))
    with pytest.raises(ValueError, match="blob `x` has no shape yet"):
        _ = graph.blobs[0].shape
    assert graph.nodes[1].weights == []


def test_parts_name_themselves_in_a_line():
    node = parsed(CHAIN).nodes[1]
    assert repr(node) == "layer `one` (type InnerProduct, the net)"
    assert repr(node.outputs[0]) == "value of blob `one` by layer `one` (type InnerProduct, the net)"


def test_a_graph_needs_no_engine():
    code = "import sys, cae_caffe.graph; sys.exit(bool({'torch', 'h5py', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_bottom_of_another_state_is_told_with_the_states_that_have_it(tmp_path):
    """As a training net has it, opened for use."""
    path = tmp_path / "net.prototxt"
    path.write_text('layer { name: "d" type: "Input" top: "d" include { phase: TEST stage: "x" min_level: 1 } }\n'
                    'layer { name: "e" type: "Input" top: "d" include { phase: TRAIN } '
                    'include { not_stage: "x" max_level: 0 } }\n'
                    'layer { name: "s" type: "Sigmoid" bottom: "d" top: "s" }\n')
    with pytest.raises(InputError) as raised:
        read_graph(path, "TEST", 3)
    assert str(raised.value).endswith("layers with that top are for other states: phase TEST, level 1 or more, "
                                      "stage x; phase TRAIN; level 0 or less, no stage x.")
