"""convert_images: pixels, planes, classes, order, and images that will not do."""

from __future__ import annotations

import builtins

import h5py
import numpy as np
import pytest

from cae_caffe.data import convert_images
from cae_caffe.errors import InputError, RunError

Image = pytest.importorskip("PIL.Image")

WHITE, GREY, BLACK = 255, 128, 0
RED = (255, 0, 0)


def save(path, color, mode="L", size=(6, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, color).save(str(path))
    return path


def convert(folder, **options):
    """The arrays `data` and `label`, and the conversion's result."""
    done = convert_images(folder, folder.parent / "out", **options)
    with h5py.File(str(done.files[0]), "r") as file:
        return file["data"][:], file["label"][:], done


@pytest.fixture
def classes(tmp_path):
    """Two classes: `cat` of a white and a grey image, and `dog` of a black one, deeper down."""
    save(tmp_path / "in" / "dog" / "deep" / "1.png", BLACK)
    save(tmp_path / "in" / "cat" / "2.png", GREY)
    save(tmp_path / "in" / "cat" / "1.PNG", WHITE)
    (tmp_path / "in" / "cat" / "notes.txt").write_text("not an image")
    return tmp_path / "in"


def test_classes_are_the_sorted_subfolders(classes):
    data, label, done = convert(classes)
    assert data.shape == (3, 1, 28, 28)
    assert np.array_equal(data[:, 0, 0, 0], np.array([255, 128, 0], np.float32) / np.float32(255))
    assert label.tolist() == [0, 0, 1]
    assert done.list_file.with_name("out_labels.txt").read_text() == "cat\ndog\n"


def test_without_subfolders_all_labels_are_0(tmp_path):
    save(tmp_path / "in" / "a.png", WHITE)
    _, label, done = convert(tmp_path / "in")
    assert label.tolist() == [0]
    assert not done.list_file.with_name("out_labels.txt").exists()


def test_height_and_width(classes):
    assert convert(classes, height=5, width=7)[0].shape == (3, 1, 5, 7)


def test_pixels_stay_in_their_places(tmp_path):
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    (tmp_path / "in").mkdir()
    Image.fromarray(pixels).save(str(tmp_path / "in" / "a.png"))
    data, _, _ = convert(tmp_path / "in", height=4, width=6)
    assert np.array_equal(data[0, 0], pixels / np.float32(255))


def test_color_planes_are_blue_green_red(tmp_path):
    save(tmp_path / "in" / "a.png", (10, 20, 30), "RGB")
    data, _, _ = convert(tmp_path / "in", color=True)
    assert data.shape == (1, 3, 28, 28)
    assert np.array_equal(data[0, :, 3, 3], np.array([30, 20, 10], np.float32) / np.float32(255))


def test_color_images_are_made_grey(tmp_path):
    save(tmp_path / "in" / "a.png", RED, "RGB")
    data, _, _ = convert(tmp_path / "in")
    assert data[0, 0, 0, 0] == np.float32(76) / np.float32(255)      # ITU-R 601: 0.299 of full red


def test_images_are_turned_as_exif_says(tmp_path):
    image = Image.fromarray(np.array([[0, 255]], np.uint8))
    exif = image.getexif()
    exif[0x0112] = 3    # upside down
    (tmp_path / "in").mkdir()
    image.save(str(tmp_path / "in" / "a.png"), exif=exif)
    data, _, _ = convert(tmp_path / "in", height=1, width=2)
    assert data.ravel().tolist() == [1, 0]


def test_a_seed_is_an_order(tmp_path):
    for value in range(20):
        save(tmp_path / "in" / f"{value:02d}.png", value)
    plain, shuffled, again, other = (np.rint(convert(tmp_path / "in", shuffle=seed)[0][:, 0, 0, 0] * 255).tolist()
                                     for seed in (None, 7, 7, 8))
    assert plain == list(range(20))
    assert shuffled == again != plain and sorted(shuffled) == plain and shuffled != other


def test_labels_move_with_their_images(tmp_path):
    for value in range(10):
        save(tmp_path / "in" / str(value) / "a.png", value)
    data, label, _ = convert(tmp_path / "in", shuffle=1)
    assert np.array_equal(np.rint(data[:, 0, 0, 0] * 255), label)


def test_converted_images_are_kept_until_one_changes(classes):
    convert(classes)
    assert not convert(classes)[2].anew
    save(classes / "cat" / "2.png", BLACK)
    assert convert(classes)[2].anew


@pytest.mark.parametrize("spoil", [lambda content: b"nonsense", lambda content: content[:45]])
def test_an_unreadable_image_is_named_and_nothing_written(classes, spoil):
    path = classes / "cat" / "2.png"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match=r"cannot read the image `.*cat/2.png`"):
        convert(classes)
    assert [path.name for path in classes.parent.iterdir()] == ["in"]


def test_an_image_of_16_bits_is_refused_rather_than_clipped(tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(np.full((4, 4), 1000, np.uint16)).save(str(tmp_path / "in" / "deep.png"))
    with pytest.raises(InputError, match=r"`.*deep.png` has more than 8 bits a channel"):
        convert(tmp_path / "in")


def test_images_beside_subfolders_are_refused(classes):
    save(classes / "stray.png", WHITE)
    with pytest.raises(InputError, match=r"has both images .`stray.png`. and subfolders .`cat`."):
        convert(classes)


def test_a_class_without_images_is_refused(classes):
    (classes / "empty").mkdir()
    with pytest.raises(InputError, match=r"`.*/empty` has no images; their names end in .bmp"):
        convert(classes)


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(InputError, match=r"`.*/in` has no images"):
        convert(tmp_path / "in")


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"`.*/in` is not a folder"):
        convert(tmp_path / "in")


@pytest.mark.parametrize("options, fault", [({"height": 0}, "--size 28x0"), ({"shuffle": -1}, "--shuffle -1 is no")])
def test_options_out_of_range(classes, options, fault):
    with pytest.raises(InputError, match=fault):
        convert(classes, **options)


def test_without_pillow_the_extra_is_named(classes, monkeypatch):
    genuine = builtins.__import__

    def without_pillow(name, *args, **kwargs):
        if name.split(".")[0] == "PIL":
            raise ImportError(name)
        return genuine(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pillow)
    with pytest.raises(RunError, match=r'pip install "cae-caffe\[images\]"'):
        convert(classes)
