import h5py
import numpy as np
import pytest

from cae_caffe import InputError
from cae_caffe.figures import layers

BLOBS = {       # blob: layer, type, shape of one image
    "data": ("input", "Input", (1, 28, 28)), "conv1": ("conv1", "Convolution", (8, 20, 20)),
    "ip": ("ip", "InnerProduct", (250,)), "ipsh": ("reshape", "Reshape", (250, 1, 1)),
    "inception/out": ("inception/out", "Sigmoid", (1, 28, 28)),
}


@pytest.fixture
def activations(tmp_path):
    """A file as `cae-caffe activations` writes it, of images 4 and 9, with the labels 2 and 5."""
    path = tmp_path / "activations.h5"
    random = np.random.RandomState(0)
    with h5py.File(str(path), "w") as file:
        file.attrs["net"] = "cae1-n2/deploy.prototxt"
        file["image"], file["label"] = [4, 9], np.array([2, 5], np.float32)
        for order, (name, (layer, kind, shape)) in enumerate(BLOBS.items()):
            file[name] = random.uniform(-1, 1, (2,) + shape).astype(np.float32)
            file[name].attrs.update(order=order, layer=layer, type=kind)
    return path


def texts(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip()[5:-4] for line in lines if line.strip().startswith("<!--")]


def test_titles_have_digit_number_size_and_layer_from_input_to_reconstruction(activations, tmp_path):
    layers.draw(activations, tmp_path / "l.svg")
    assert [text for text in texts(tmp_path / "l.svg") if "\u00b7" in text] == [
        "2 \u00b7 01 \u00b7 28x28x1 \u00b7 input", "2 \u00b7 02 \u00b7 20x20x8 \u00b7 conv1",
        "2 \u00b7 03 \u00b7 250 \u00b7 ip", "2 \u00b7 04 \u00b7 28x28x1 \u00b7 inception/out"]


def test_least_and_greatest_value_stand_in_square_brackets(activations, tmp_path):
    layers.draw(activations, tmp_path / "l.svg", [9])
    with h5py.File(str(activations), "r") as file:
        values = file["conv1"][1]
    assert f"[{values.min():.3g}  {values.max():.3g}]" in texts(tmp_path / "l.svg")


def test_one_image_is_drawn_as_named_and_several_get_their_numbers(activations, tmp_path):
    assert layers.draw(activations, tmp_path / "l.png", [9]) == [tmp_path / "l.png"]
    several = layers.draw(activations, tmp_path / "m.png", [9, 4])
    assert several == [tmp_path / "m-9.png", tmp_path / "m-4.png"]
    assert all(path.stat().st_size for path in several)


def test_all_images_on_one_page_have_their_digits_and_every_layer_once(activations, tmp_path):
    layers.draw_together(activations, tmp_path / "l.svg")
    found = texts(tmp_path / "l.svg")
    assert [text for text in found if text in ("2", "5")] == ["2", "5"]
    assert "cae1-n2: every layer, for 2 images" in found
    pictures = (tmp_path / "l.svg").read_text(encoding="utf-8").count("<image ")
    assert pictures == 2 * 4         # input, conv1, ip and inception/out; the reshaped blob repeats ip


def test_an_image_that_the_file_lacks_is_refused(activations, tmp_path):
    with pytest.raises(InputError, match=r"--image 5: .* has the images 4, 9"):
        layers.draw(activations, tmp_path / "l.png", [9, 5])
    assert not list(tmp_path.glob("l*.png"))


def test_blobs_without_a_row_for_each_image_are_named_as_left_out(activations, tmp_path):
    with h5py.File(str(activations), "a") as file:
        file["loss"] = 3.0
        file["loss"].attrs.update(order=9, layer="loss", type="EuclideanLoss")
    layers.draw(activations, tmp_path / "l.svg")
    assert "cae1-n2, image 4, without loss" in texts(tmp_path / "l.svg")


@pytest.mark.parametrize("value", [0.5, np.nan])
def test_constant_and_not_finite_layers_can_be_drawn(activations, tmp_path, value):
    with h5py.File(str(activations), "a") as file:
        file["conv1"][...] = value
    layers.draw(activations, tmp_path / "l.svg")
    assert f"[{value:.3g}  {value:.3g}]" in texts(tmp_path / "l.svg")


def test_another_kind_of_file_is_refused(tmp_path):
    with h5py.File(str(tmp_path / "codes.h5"), "w") as file:
        file["codes"] = np.zeros((3, 2))
    with pytest.raises(InputError, match="no dataset `image` in it, but codes; make it with `cae-caffe activ"):
        layers.draw(tmp_path / "codes.h5", tmp_path / "l.png")


def test_tops_of_one_layer_have_their_own_names(activations, tmp_path):
    with h5py.File(str(activations), "a") as file:
        for order, name in enumerate(("pool1", "pool1_mask"), len(BLOBS)):
            file[name] = np.zeros((2, 3, 4, 4), np.float32)
            file[name].attrs.update(order=order, layer="pool1", type="Pooling")
    layers.draw(activations, tmp_path / "l.svg")
    assert [text.split(" \u00b7 ")[-1] for text in texts(tmp_path / "l.svg") if "4x4x3" in text] == [
        "pool1", "pool1_mask"]
