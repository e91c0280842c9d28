"""caffe.io against real Caffe's: conversions, resizing, cropping, formatting and reading of images."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from cae_caffe import InputError, RunError, schema
from cae_caffe.pycaffe import io

# Interpolation in float32, whose order of operations differs; relative to the largest value.
RESIZED = 3e-6

CALL = """
import warnings
import caffe
warnings.simplefilter("ignore")
def main(name, args):
    return getattr(caffe.io, name)(*args)
"""


@pytest.fixture
def real_io(real_caffe):
    """`real_io(name, *args)`: what real caffe.io's function of that name returns."""
    return lambda name, *args: real_caffe(CALL, name=name, args=args)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def _assert_close(ours, theirs, tolerance):
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    assert np.abs(ours - theirs).max() <= tolerance * np.abs(theirs).max()


# Messages.

def test_arrays_to_blobs_and_back(rng):
    array, diff = rng.normal(size=(2, 3)).astype(np.float32), rng.normal(size=(2, 3)).astype(np.float32)
    blob = io.array_to_blobproto(array, diff)
    assert list(blob.shape.dim) == [2, 3]
    np.testing.assert_array_equal(io.blobproto_to_array(blob), array)
    np.testing.assert_array_equal(io.blobproto_to_array(blob, return_diff=True), diff)


def test_a_blob_of_the_old_form_has_four_axes():
    blob = schema.BlobProto(num=1, channels=2, height=1, width=3, data=range(6))
    assert io.blobproto_to_array(blob).tolist() == [[[[0, 1, 2]], [[3, 4, 5]]]]


def test_a_blob_of_doubles_is_read():
    assert io.blobproto_to_array(schema.BlobProto(shape={"dim": [2]}, double_data=[0.1, 0.2])).tolist() == [0.1, 0.2]


def test_vectors_of_blobs_are_real_caffes(real_io, rng):
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in ((3,), (2, 1, 4))]
    data = io.arraylist_to_blobprotovector_str(arrays)
    assert data == real_io("arraylist_to_blobprotovector_str", arrays)
    for ours, theirs, array in zip(io.blobprotovector_str_to_arraylist(data),
                                   real_io("blobprotovector_str_to_arraylist", data), arrays):
        assert ours.dtype == theirs.dtype == np.float64
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(ours, array)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_data_are_real_caffes(dtype, real_caffe, rng):
    array = (rng.random((3, 4, 5)) * 255).astype(dtype)
    source = ("import caffe\ndef main(array):\n    datum = caffe.io.array_to_datum(array, 9)\n"
              "    return datum.SerializeToString(), caffe.io.datum_to_array(datum)")
    data, back = real_caffe(source, array=array)
    datum = io.array_to_datum(array, label=9)
    assert datum.SerializeToString() == data
    ours = io.datum_to_array(datum)
    assert ours.dtype == back.dtype
    np.testing.assert_array_equal(ours, back)


def test_a_datum_has_three_axes():
    with pytest.raises(InputError, match=r"an array of shape \(4, 5\); a Datum has three axes"):
        io.array_to_datum(np.zeros((4, 5)))


def test_an_encoded_datum_is_refused():
    with pytest.raises(InputError, match="holds an image file"):
        io.datum_to_array(schema.Datum(data=b"\x89PNG", encoded=True))


# Sizes.

@pytest.mark.parametrize("size", [(10, 12), (5, 6), (25, 31), (1, 1), (3, 40), (40, 3), (11, 13)])
@pytest.mark.parametrize("shape", [(10, 12, 3), (33, 20, 1), (12, 9, 5), (1, 5, 3)])
@pytest.mark.parametrize("lowest", [-1, 2])     # above 0, what lies outside an image is darker than all of it
def test_linear_resizing_is_real_caffes(shape, size, lowest, real_io, rng):
    image = (lowest + 2 * rng.random(shape)).astype(np.float32)
    _assert_close(io.resize_image(image, size), real_io("resize_image", image, size), RESIZED)


@pytest.mark.parametrize("order", [0, 2, 3, 4, 5])
@pytest.mark.parametrize("channels", [3, 2])
def test_resizing_of_other_orders_is_real_caffes(order, channels, real_io, rng):
    # Sizes without coordinates half-way between pixels or on the edge, where a last bit decides.
    image = rng.normal(size=(7, 5, channels)).astype(np.float32)
    if order not in (0, 1, 3) or (channels == 2 and order > 1):
        pytest.importorskip("scipy")
    for size in ((12, 9), (5, 3)):
        _assert_close(io.resize_image(image, size, order), real_io("resize_image", image, size, order), RESIZED)


@pytest.mark.parametrize("channels", [3, 4])
def test_resizing_of_bytes_is_real_caffes(channels, real_io, rng):
    image = rng.integers(0, 256, (6, 8, channels)).astype(np.uint8)
    _assert_close(io.resize_image(image, (9, 5)), real_io("resize_image", image, (9, 5)), RESIZED)


def test_a_constant_image_stays_so():
    resized = io.resize_image(np.full((4, 4, 3), 0.25), (2, 7))
    assert resized.dtype == np.float32 and (resized == 0.25).all() and resized.shape == (2, 7, 3)


def test_an_array_without_channels_is_refused():
    with pytest.raises(InputError, match=r"shape \(4, 4\) for the size 2 x 2; it takes \(height, width, channels\)"):
        io.resize_image(np.zeros((4, 4)), (2, 2))


def test_splines_without_scipy_name_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(InputError, match=r"order 2 .*needs SciPy"):
        io.resize_image(np.eye(4)[..., np.newaxis], (2, 2), 2)


@pytest.mark.parametrize("shape, crop", [((9, 8, 3), (4, 5)), ((6, 6, 1), (6, 6)), ((7, 10, 2), (4, 4))])
def test_oversampling_is_real_caffes(shape, crop, real_io, rng):
    images = rng.random((2, *shape)).astype(np.float32)
    theirs = real_io("oversample", images, crop)
    ours = io.oversample(images, crop)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_crops_larger_than_the_image_are_refused():
    with pytest.raises(InputError, match="cut 5 x 4 crops from images of 4 x 4"):
        io.oversample([np.zeros((4, 4, 3))], (5, 4))


# Formatting.

TRANSFORM = """
import numpy as np
import caffe
def main(image, shape, mean, options, back):
    transformer = caffe.io.Transformer({"data": tuple(shape)})
    if mean is not None:
        transformer.set_mean("data", mean)
    for name, value in options.items():
        getattr(transformer, "set_" + name)("data", value)
    formatted = transformer.preprocess("data", image.copy())
    return formatted, transformer.deprocess("data", formatted.copy()) if back else None
"""
COLOR = (1, 3, 6, 7)


@pytest.mark.parametrize("shape, mean_shape, options", [
    (COLOR, None, {}),
    (COLOR, (3,), {"transpose": (2, 0, 1), "channel_swap": (2, 1, 0), "raw_scale": 255.0, "input_scale": 0.1}),
    (COLOR, (3, 6, 7), {"transpose": (2, 0, 1), "raw_scale": 2}),
    (COLOR, (3, 9, 9), {"transpose": (2, 0, 1), "channel_swap": (1, 2, 0)}),
    ((1, 1, 6, 7), (6, 7), {"transpose": (2, 0, 1), "input_scale": 3}),
])
@pytest.mark.parametrize("size", [(6, 7), (8, 5)])
def test_formatting_is_real_caffes(shape, mean_shape, options, size, real_caffe, rng):
    if "transpose" not in options:
        shape = (1, *size, 3)       # nothing is moved, so the image has the input's axes
    image = rng.random((*size, shape[1] if "transpose" in options else 3)).astype(np.float32)
    mean = None if mean_shape is None else rng.random(mean_shape)
    reversible = shape[1] > 1       # real Caffe cannot bring a grey one back
    names = {}
    exec(TRANSFORM.replace("import caffe\n", "from cae_caffe import pycaffe as caffe\n"), names)
    arguments = {"image": image, "shape": shape, "mean": mean, "options": options, "back": reversible}
    for ours, theirs in zip(names["main"](**arguments), real_caffe(TRANSFORM, **arguments)):
        if theirs is not None:
            _assert_close(ours, theirs, RESIZED)


def test_formatting_leaves_the_image_alone():
    transformer = io.Transformer({"data": (1, 3, 2, 2)})
    transformer.set_transpose("data", (2, 0, 1))
    transformer.set_raw_scale("data", 255)
    image = np.ones((2, 2, 3), dtype=np.float32)
    transformer.preprocess("data", image)
    assert (image == 1).all()


def test_a_grey_image_comes_back_with_its_channel():
    transformer = io.Transformer({"data": (1, 1, 2, 3)})
    transformer.set_transpose("data", (2, 0, 1))
    assert transformer.deprocess("data", np.zeros((1, 1, 2, 3))).shape == (2, 3, 1)


@pytest.mark.parametrize("call, message", [
    (lambda t: t.set_mean("date", np.zeros(3)), "`date` is not one of the inputs data"),
    (lambda t: t.set_transpose("data", (1, 0)), r"order \(1, 0\) for `data` has 2 axes; its images have 3"),
    (lambda t: t.set_channel_swap("data", (1, 0)), "has 2 channels; the input has 3"),
    (lambda t: t.set_mean("data", np.zeros(4)), r"has shape \(4,\); give one value for each of the input's 3"),
])
def test_wrong_formatting_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call(io.Transformer({"data": (1, 3, 2, 2)}))


# Files.

# As real Caffe's load_image would give them if its call fitted the scikit-image that it is packaged with.
LOAD = """
import warnings
import numpy as np
import skimage, skimage.io
def main(path, color):
    warnings.simplefilter("ignore")
    pixels = skimage.img_as_float(skimage.io.imread(path, as_gray=not color)).astype(np.float32)
    if pixels.ndim == 2:
        return np.stack([pixels] * (3 if color else 1), axis=2)
    return pixels[:, :, :3]
"""


def _save(path, mode, rng):
    from PIL import Image
    pixels = rng.integers(0, 256, (5, 6, 4)).astype(np.uint8)
    if mode == "I;16":
        image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257 - 1)
    elif mode == "grey palette":
        image = Image.fromarray(pixels[..., 0]).convert("P")
    else:
        image = Image.fromarray(pixels).convert(mode)
    image.save(path)


@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "P", "grey palette", "1", "I;16"])
def test_images_load_as_scikit_image_reads_them(mode, color, real_caffe, tmp_path, rng):
    pytest.importorskip("PIL")
    path = tmp_path / "image.png"
    _save(path, mode, rng)
    theirs = real_caffe(LOAD, path=str(path), color=color)
    _assert_close(io.load_image(path, color), theirs, 1e-6)     # float32's rounding


def test_an_image_that_is_none_is_an_input_error(tmp_path):
    pytest.importorskip("PIL")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(InputError, match=r"text\.png: this image cannot be read: it is none of the kinds"):
        io.load_image(tmp_path / "text.png")
    with pytest.raises(InputError, match=r"missing\.png: this image cannot be read: No such file"):
        io.load_image(tmp_path / "missing.png")


def test_without_pillow_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(RunError, match=r"Reading images needs Pillow; run .*cae-caffe\[images\]"):
        io.load_image("image.png")
