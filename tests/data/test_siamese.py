"""convert_siamese: which pairs it draws, from where, and what it refuses."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import small_mnist

from cae_caffe.data import convert_mnist, convert_siamese, mnist_download
from cae_caffe.errors import InputError, RunError


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A folder with the small MNIST as `cae-caffe data mnist` leaves it; nothing else can be fetched."""
    small_mnist.install(monkeypatch)
    monkeypatch.setattr(mnist_download, "MIRRORS", ())
    monkeypatch.setenv("PATH", "")
    convert_mnist(tmp_path / "mnist", small_mnist.write(tmp_path / "idx"))
    return tmp_path / "mnist"


def pairs(folder, half):
    with h5py.File(str(folder / f"mnist_siamese_{half}.h5"), "r") as file:
        return file["pair_data"][()], file["sim"][()]


@pytest.mark.parametrize("half, rows", [("train", 30), ("test", 20)])
def test_as_many_pairs_as_images_and_sim_says_whether_the_digits_are_the_same(mnist, tmp_path, half, rows):
    convert_siamese(tmp_path / "out", mnist)
    data, similar = pairs(tmp_path / "out", half)
    assert data.shape == (rows, 2, 28, 28) and data.dtype == similar.dtype == np.float32 and similar.shape == (rows,)
    images = small_mnist.IMAGES[f"mnist_{half}"] / np.float32(255)
    which = (data[:, :, None] == images).all(axis=(3, 4)).argmax(axis=2)       # every channel is one of the images
    np.testing.assert_array_equal(images[which], data)
    first, second = small_mnist.LABELS[f"mnist_{half}"][which].T
    np.testing.assert_array_equal(similar, first == second)
    assert set(similar) == {0, 1} and len(np.unique(which)) > rows / 2


def test_the_lists_are_for_caffe_and_a_second_run_keeps_all(mnist, tmp_path):
    first = convert_siamese(tmp_path / "out", mnist)
    assert [done.list_file.read_text() for done in first] == [
        f"{tmp_path}/out/mnist_siamese_{half}.h5\n" for half in ("train", "test")]
    assert [done.anew for done in convert_siamese(tmp_path / "out", mnist)] == [False, False]


def test_a_seed_means_the_same_pairs_again_and_another_seed_others(mnist, tmp_path):
    data = {}
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        convert_siamese(tmp_path / name, mnist, seed=seed)
        data[name] = pairs(tmp_path / name, "train")[0]
    assert np.array_equal(data["a"], data["b"]) and not np.array_equal(data["a"], data["c"])


def test_another_seed_replaces_the_pairs_that_are_there(mnist):
    convert_siamese(mnist, seed=1)
    before = pairs(mnist, "train")[0]
    assert [done.anew for done in convert_siamese(mnist, seed=2)] == [True, True]
    assert not np.array_equal(pairs(mnist, "train")[0], before)


def test_mnist_is_made_where_it_is_missing(mnist, tmp_path, monkeypatch):
    with pytest.raises(RunError, match="MNIST cannot be fetched"):
        convert_siamese(tmp_path / "empty")
    (tmp_path / "other").mkdir()
    (tmp_path / "idx").rename(tmp_path / "other" / "idx")       # where a fetch would have put it
    convert_siamese(tmp_path / "other")
    assert np.array_equal(pairs(tmp_path / "other", "test")[0].shape, (20, 2, 28, 28))


def test_a_folder_without_mnist_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"there is no `.*none/mnist_train.txt` to draw pairs from; run `cae-caffe "
                                         r"data mnist --out .*none` first"):
        convert_siamese(tmp_path / "out", tmp_path / "none")
    assert not (tmp_path / "out").exists()


def test_images_that_make_no_pair_are_refused(mnist, tmp_path):
    with h5py.File(str(mnist / "mnist_train.h5"), "w") as file:
        file["data"], file["label"] = np.zeros((4, 3, 8, 8)), np.zeros(4)
    with pytest.raises(InputError, match=r"`data` is of the shape \(4, 3, 8, 8\) and `label` of \(4,\), but pairs"):
        convert_siamese(tmp_path / "out", mnist)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_an_impossible_seed_is_refused(mnist, seed):
    with pytest.raises(InputError, match=f"--seed {seed} is no seed"):
        convert_siamese(mnist, seed=seed)
