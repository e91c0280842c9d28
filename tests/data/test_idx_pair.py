"""convert_idx: what the values become, and pairs that do not belong together."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from idx_files import random_images, write_idx

from cae_caffe.data import IdxPair, convert_idx
from cae_caffe.errors import InputError

LABELS = np.array([3, 1, 4, 1, 5], np.uint8)


def convert(folder, images, labels=LABELS, **options):
    paths = write_idx(folder / "images", images), write_idx(folder / "labels", labels)
    with h5py.File(str(convert_idx(*paths, folder / "out", **options).files[0]), "r") as file:
        return file["data"][:], file["label"][:]


def test_bytes_become_float32_from_0_to_1(tmp_path):
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    data, label = convert(tmp_path, images, LABELS[:1])
    assert data.dtype == label.dtype == np.float32
    # Correctly rounded: float64 holds both operands exactly, and rounding its quotient again changes none of the 256.
    assert np.array_equal(data[0, 0], (images[0] / 255.0).astype(np.float32))
    assert data.min() == 0 and data.max() == 1


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "f4", "f8"])
def test_other_types_keep_their_values(tmp_path, dtype):
    images = (np.arange(20).reshape(5, 2, 2) - 3).astype(dtype)
    data, _ = convert(tmp_path, images)
    assert np.array_equal(data[:, 0], images)


@pytest.mark.parametrize("shape, expected", [((5, 2, 3), (5, 1, 2, 3)), ((5, 3, 2, 3), (5, 3, 2, 3)), ((5, 7), (5, 7))])
def test_the_shape_of_data(tmp_path, shape, expected):
    images = random_images(*shape)
    data, _ = convert(tmp_path, images)
    assert data.shape == expected
    assert np.array_equal(data.ravel(), images.ravel() / np.float32(255))


def test_labels_keep_their_values(tmp_path):
    _, label = convert(tmp_path, random_images(5, 2, 2))
    assert label.shape == (5,) and np.array_equal(label, LABELS)


def test_labels_may_be_left_out(tmp_path):
    done = convert_idx(write_idx(tmp_path / "images", random_images(5, 2, 2)), None, tmp_path / "out")
    with h5py.File(str(done.files[0]), "r") as file:
        assert list(file) == ["data"]


def test_both_files_may_be_gzipped(tmp_path):
    images = random_images(5, 2, 2)
    pair = write_idx(tmp_path / "images.gz", images), write_idx(tmp_path / "labels.gz", LABELS)
    with IdxPair(*pair) as opened:
        assert np.array_equal(opened.read(2, 4)["data"][:, 0], images[2:4] / np.float32(255))


@pytest.mark.parametrize("images, labels, fault", [
    (LABELS, random_images(5, 2, 2), "`.*images` holds 5 values in one dimension.* looks like a file of labels"),
    (random_images(5, 2, 2), random_images(5, 2, 2), "`.*labels` holds 5x2x2 values.* looks like a file of images"),
    (random_images(4, 2, 2), LABELS, "`.*labels` has 5 labels but `.*images` has 4 images"),
    (random_images(0, 2, 2), LABELS, "`.*images` is empty: it holds 0x2x2 values"),
])
def test_a_pair_that_does_not_fit_is_refused_by_name(tmp_path, images, labels, fault):
    with pytest.raises(InputError, match=fault):
        convert(tmp_path, images, labels)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "labels"]


def test_damage_within_is_found_before_anything_is_written(tmp_path):
    images = write_idx(tmp_path / "images.gz", random_images(500, 4, 4))
    images.write_bytes(images.read_bytes()[:-10])
    labels = write_idx(tmp_path / "labels", np.zeros(500, np.uint8))
    with pytest.raises(InputError, match=r"`.*images.gz` is truncated"):
        convert_idx(images, labels, tmp_path / "deep" / "out")
    assert not (tmp_path / "deep").exists()
