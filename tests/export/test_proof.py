"""The proof that an exported net gives what the engine gives."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cae_caffe.errors import InputError, RunError

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

from cae_caffe.export import made_inputs, proof
from cae_caffe.export.deploy import deploy
from cae_caffe.pycaffe import TEST, Net

INPUT = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }\n'
FILLER = 'weight_filler { type: "gaussian" std: 0.1 }'
DENSE = ('layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" '
         f'inner_product_param {{ num_output: 4 {FILLER} }} }}')


def form_of(tmp_path, text):
    path = tmp_path / "net.prototxt"
    path.write_text(text)
    return deploy(Net(str(path), TEST))


@pytest.fixture
def dense(tmp_path):
    return form_of(tmp_path, INPUT + DENSE)


def own(form):
    """The engine once more, in the place of what others made of the net."""
    return lambda inputs: proof.engine_outputs(form, inputs)


def test_the_engine_agrees_with_itself_at_every_batch(dense):
    found = proof.prove(dense, own(dense), "The twin", batches=(1, 3))
    assert found.holds and [one.shape for one in found.comparisons] == [(1, 4), (3, 4)]
    assert all(one.difference == 0 and one.largest > 0 for one in found.comparisons)
    assert found.verdict.startswith("The twin gives what the engine gives: ")


@pytest.mark.parametrize("factor, holds", [(1 + 5e-6, True), (1 + 2e-5, False), (0, False), (np.nan, False)])
def test_a_difference_beyond_the_tolerance_is_told(dense, factor, holds):
    found = proof.prove(dense, lambda inputs: {"y": own(dense)(inputs)["y"] * np.float32(factor)}, "The twin")
    assert found.holds == holds
    assert ("does not give what the engine gives: output `y`" in found.verdict) != holds


def test_other_shapes_are_told(dense):
    found = proof.prove(dense, lambda inputs: {"y": own(dense)(inputs)["y"][:1]}, "The twin")
    assert not found.holds and "its shape is 1x4 and not 2x4" in found.verdict


def test_what_is_told_says_each_thing_once(dense):
    told = []
    proof.prove(dense, own(dense), "The twin").settle("out", told.append)
    assert re.match(r"The twin gives what the engine gives: .*\n\noutput +shape ", told.pop())
    with pytest.raises(RunError, match=r"^out is not written: The twin does not give .* --check off writes it all"):
        proof.prove(dense, lambda inputs: {"y": own(dense)(inputs)["y"] + 1}, "The twin").settle("out", told.append)
    assert told[0].startswith("output ") and "engine gives" not in told[0]


@pytest.mark.parametrize("tolerance, is_told", [(proof.TOLERANCE, False), (proof.HALF_TOLERANCE, True)])
def test_rows_that_change_places_in_float16_are_told_as_a_cause(tmp_path, tolerance, is_told):
    form = form_of(tmp_path, INPUT + 'layer { name: "s" type: "Input" top: "s" input_param { shape { dim: 2 } } }\n'
                   'layer { name: "f" type: "Filter" bottom: "x" bottom: "s" top: "y" }')
    given = {"x": np.random.default_rng(0).random((2, 3, 8, 8), np.float32), "s": np.ones(2, np.float32)}
    found = proof.prove(form, lambda inputs: {"y": own(form)(inputs)["y"][::-1]}, "The twin", given=given,
                        tolerance=tolerance)
    assert not found.holds
    assert ("of type Filter finds: in float16 rows of nearly equal score may change places" in found.verdict) == is_told


def test_zeros_are_told_to_prove_little(dense):
    dense.net.params["ip"][0].data[...] = 0
    found = proof.prove(dense, own(dense), "The twin")
    assert found.holds and found.verdict.endswith("But `y`: zero throughout, which proves little; check with inputs of "
                                                  "your own.")


def test_nothing_finite_proves_nothing(dense):
    dense.net.params["ip"][1].data[...] = np.nan
    assert "no finite value" in proof.prove(dense, own(dense), "The twin").verdict


def test_other_outputs_are_a_fault(dense):
    with pytest.raises(RunError, match="has the outputs z"):
        proof.prove(dense, lambda inputs: {"z": inputs["x"]}, "The twin")


def test_pixels_are_prepared_for_the_engine_alone(dense):
    seen = []

    def prepare(inputs):
        seen.append(inputs["x"])
        return {"x": inputs["x"] / 2}

    found = proof.prove(dense, lambda inputs: own(dense)({"x": inputs["x"] / 2}), "The twin", pixels=["x"],
                        prepare=prepare)
    assert found.holds
    assert set(np.unique(seen[0])) <= set(range(256)) and seen[0].max() > 200


def test_arrays_of_a_file_are_taken_at_their_batch(dense, tmp_path):
    np.savez(tmp_path / "in.npz", x=np.ones((5, 3, 8, 8)))
    found = proof.prove(dense, own(dense), "The twin", given=proof.read_arrays(tmp_path / "in.npz"))
    assert found.holds and found.comparisons[0].shape == (5, 4)


@pytest.mark.parametrize("arrays, match", [
    ({"y": np.ones(3)}, "no such input.*its inputs are x"), ({}, "No array is given .* for the input `x`"),
    ({"x": np.ones((2, 3, 8, 7))}, "has the shape 2x3x8x7, and the input takes 2x3x8x8; .*--shape x=2,3,8,7"),
])
def test_arrays_that_are_not_the_inputs_are_refused(dense, arrays, match):
    with pytest.raises(InputError, match=match):
        proof.prove(dense, own(dense), "The twin", given=arrays)


@pytest.mark.parametrize("content", [b"", b"no file of arrays", b"PK\x03\x04"])
def test_other_files_than_arrays_are_refused(tmp_path, content):
    (tmp_path / "in.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"in\.npz: this is no \.npz file"):
        proof.read_arrays(tmp_path / "in.npz")


def test_one_array_without_a_name_is_refused(tmp_path):
    np.save(tmp_path / "in.npy", np.ones(3))
    with pytest.raises(InputError, match="one array, and inputs have names"):
        proof.read_arrays(tmp_path / "in.npy")


def made(tmp_path, *shapes, layer):
    names = [f"in{number}" for number in range(len(shapes))]
    dims = " ".join("shape { " + " ".join(f"dim: {length}" for length in shape) + " }" for shape in shapes)
    tops, bottoms = (" ".join(f'{word}: "{name}"' for name in names) for word in ("top", "bottom"))
    form = form_of(tmp_path, f'layer {{ name: "in" type: "Input" {tops} input_param {{ {dims} }} }}\n'
                   f'layer {{ name: "l" {bottoms} top: "t" {layer} }}')
    inputs = made_inputs.make(form)
    for name, again in made_inputs.make(form).items():
        np.testing.assert_array_equal(inputs[name], again)
    proof.engine_outputs(form, inputs)      # the layer can work with them
    return list(inputs.values())


def test_embed_gets_numbers_of_rows(tmp_path):
    rows, = made(tmp_path, (40,), layer=f'type: "Embed" embed_param {{ num_output: 2 input_dim: 7 {FILLER} }}')
    assert set(rows) == set(range(7))


def test_recurrent_layers_get_sequences_that_begin_and_go_on(tmp_path):
    values, going = made(tmp_path, (6, 5, 2), (6, 5),
                         layer=f'type: "LSTM" recurrent_param {{ num_output: 3 {FILLER} }}')
    assert not going[0].any() and set(np.unique(going)) == {0, 1} and values.min() < -0.5


def test_regions_lie_in_their_image(tmp_path):
    _, regions = made(tmp_path, (2, 3, 8, 10), (30, 5),
                      layer='type: "ROIPooling" roi_pooling_param { pooled_h: 2 pooled_w: 2 spatial_scale: 0.25 }')
    assert set(regions[:, 0]) == {0, 1}
    assert regions[:, 1:].min() >= 0 and regions[:, [1, 3]].max() <= 40 and regions[:, [2, 4]].max() <= 32
    assert (regions[:, 3:] > regions[:, 1:3]).all()


def test_proposals_get_the_sizes_of_their_images(tmp_path):
    *_, sizes = made(tmp_path, (2, 2, 3, 4), (2, 4, 3, 4), (2, 3), layer='type: "Proposal" proposal_param { '
                     'feat_stride: 16 ratio: 1 scale: 8 min_size: 1 pre_nms_topn: 9 post_nms_topn: 3 base_size: 16 }')
    assert sizes.tolist() == [[48, 64, 1]] * 2


def test_filters_get_flags_and_row_numbers_are_those_of_rows(tmp_path):
    _, flags = made(tmp_path, (9, 2), (9,), layer='type: "Filter"')
    assert set(flags) == {0, 1}
    _, rows = made(tmp_path, (4, 2), (20,), layer='type: "BatchReindex"')
    assert set(rows) == set(range(4))


def test_what_layers_need_is_known_through_others(tmp_path):
    form = form_of(tmp_path, 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 9 } } }\n'
                   'layer { name: "flat" type: "Reshape" bottom: "x" top: "f" reshape_param { shape { dim: -1 } } }\n'
                   f'layer {{ name: "e" type: "Embed" bottom: "f" top: "e" embed_param {{ num_output: 2 input_dim: 5 '
                   f'{FILLER} }} }}')
    assert set(made_inputs.make(form)["x"].ravel()) == set(range(5))
