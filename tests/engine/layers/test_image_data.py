"""ImageData: the batches of real Caffe to the bit, from files of many kinds, and the same random numbers after it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import data_batches
import numpy as np
import pytest
import two_engines
from conformance import Case
from datasets import file_bytes, pixels
from PIL import Image

NET = """
layer {{ name: "d" type: "ImageData" top: "data" top: "label" transform_param {{ {transform} }}
  image_data_param {{ source: "list.txt" batch_size: {batch} {more} }} }}
layer {{ name: "ip" type: "InnerProduct" bottom: "label" top: "ip"
  inner_product_param {{ axis: 0 num_output: 3 weight_filler {{ type: "gaussian" }} }} }}
"""


def compare(folder, real_caffe, transform="", batch=3, more="", phase="TRAIN", passes=4, seed=1):
    (folder / "net.prototxt").write_text(NET.format(transform=transform, batch=batch, more=more))
    data_batches.assert_same(real_caffe, folder, phase=phase, passes=passes, seed=seed)


def images(folder: Path, count=5, shape=(8, 9, 3)):
    """So many PNG files in folder/images, each labelled with ten times its number, and their list."""
    (folder / "images").mkdir()
    for i in range(count):
        (folder / "images" / f"{i}.png").write_bytes(file_bytes(pixels(*shape, seed=i)))
    (folder / "list.txt").write_text("".join(f"{i}.png {10 * i}\n" for i in range(count)))


IN_FOLDER = 'root_folder: "images/"'


@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
@pytest.mark.parametrize("transform", ["", "mirror: true", "crop_size: 5", "crop_size: 5 mirror: true scale: 0.1",
                                       "mean_value: 3 scale: 0.00390625"])
def test_transformed_batches(real_caffe, tmp_path, transform, phase):
    images(tmp_path)
    compare(tmp_path, real_caffe, transform, more=IN_FOLDER, phase=phase)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("more", ["shuffle: true", "rand_skip: 5", "shuffle: true rand_skip: 3"])
@pytest.mark.parametrize("transform", ["", "mirror: true"])
def test_shuffled_and_skipped(real_caffe, tmp_path, more, transform, seed):
    images(tmp_path)
    compare(tmp_path, real_caffe, transform, more=f"{IN_FOLDER} {more}", seed=seed, passes=6)


def test_a_list_of_odd_lines(real_caffe, tmp_path):
    images(tmp_path)
    lines = "a b.png 3\n0.png\n1.png 7 \n2.png abc\n3.png 12x\r\n4.png  -4\n0.png 1.9\n1.png +6"
    for name in ("a b.png", "1.png 7", "4.png ", "0.png"):
        (tmp_path / name).write_bytes(file_bytes(pixels(4, 4, 3)))
    for name in ("1.png", "2.png", "3.png"):
        (tmp_path / name).write_bytes(file_bytes(pixels(4, 4, 3, seed=1)))
    (tmp_path / "list.txt").write_text(lines, newline="")
    compare(tmp_path, real_caffe, batch=8, passes=2)


def test_labels_beyond_an_int(real_caffe, tmp_path):
    images(tmp_path, count=1)
    labels = ["2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "-" + "9" * 30, "1" * 5000,
              "0" * 5000 + "7", "\u0663"]
    (tmp_path / "list.txt").write_text("".join(f"0.png {label}\n" for label in labels), encoding="utf-8")
    compare(tmp_path, real_caffe, more=IN_FOLDER, batch=len(labels), passes=1)


def test_sizes_that_differ_from_batch_to_batch(real_caffe, tmp_path):
    for i in range(3):
        (tmp_path / f"{i}.png").write_bytes(file_bytes(pixels(4 + i, 9 - i, 3, seed=i)))
    (tmp_path / "list.txt").write_text("0.png 0\n1.png 1\n2.png 2\n")
    compare(tmp_path, real_caffe, batch=1)
    compare(tmp_path, real_caffe, "crop_size: 4 mirror: true", batch=2)


def with_exif(orientation: int, kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x112] = orientation
    return file_bytes(SMOOTH, kind, exif=exif)


def sixteen_bits(array: np.ndarray, color_type: int) -> bytes:
    """A PNG file of 16-bit values (height, width, channels), which Pillow does not write in colour."""
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    height, width = array.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


NOISE, GREY, ALPHA = pixels(21, 34, 3), pixels(21, 34, seed=1), pixels(21, 34, 4, seed=2)
SMOOTH = np.asarray(Image.fromarray(pixels(5, 7, 3)).resize((34, 21), Image.BICUBIC))
FILES = {
    "jpeg, colours at full size": file_bytes(SMOOTH, "JPEG", quality=90, subsampling=0),
    "jpeg, colours at half width": file_bytes(SMOOTH, "JPEG", quality=90, subsampling=1),
    "jpeg, colours at a quarter": file_bytes(SMOOTH, "JPEG", quality=90, subsampling=2),
    "jpeg of noise": file_bytes(NOISE, "JPEG", quality=60),
    "progressive jpeg": file_bytes(SMOOTH, "JPEG", progressive=True),
    "grey jpeg": file_bytes(GREY, "JPEG"),
    "jpeg of inks": file_bytes(SMOOTH, "JPEG", "CMYK"),
    **{f"jpeg turned {orientation}": with_exif(orientation) for orientation in range(2, 9)},
    "png": file_bytes(NOISE),
    "grey png": file_bytes(GREY),
    "transparent png": file_bytes(ALPHA),
    "png turned": with_exif(6, "PNG"),
    "grey and alpha png": file_bytes(ALPHA, mode="LA"),
    "palette png": file_bytes(NOISE, mode="P"),
    "palette with transparency": file_bytes(NOISE, mode="P", transparency=5),
    "png with a transparent colour": file_bytes(NOISE, transparency=tuple(map(int, NOISE[0, 0]))),
    "png with a transparent grey": file_bytes(GREY, transparency=int(GREY[0, 0])),
    "black and white png": file_bytes(GREY, mode="1"),
    "grey png of 16 bits": file_bytes(GREY.astype(np.uint16) * 250 + 13),
    "png of 16 bits": sixteen_bits(np.random.RandomState(0).randint(0, 1 << 16, (21, 34, 3)), 2),
    "bmp": file_bytes(NOISE, "BMP"),
    "grey bmp": file_bytes(GREY, "BMP"),
    "palette bmp": file_bytes(NOISE, "BMP", "P"),
    "ppm": file_bytes(NOISE, "PPM"),
    "pgm": file_bytes(GREY, "PPM"),
    "tiff": file_bytes(NOISE, "TIFF"),
    "grey tiff": file_bytes(GREY, "TIFF"),
    "webp": file_bytes(NOISE, "WEBP", lossless=True),
}
# libpng makes them grey before it drops the lower 8 bits, which Pillow does not hand out.
WITHIN_ONE = {("png of 16 bits", "false")}


def decoded(caffe, names, is_color):
    found = []
    for name in names:
        with open("list.txt", "w") as stream:
            stream.write(name + " 1\n")
        net = caffe.Net("net.prototxt", caffe.TEST)
        net.forward()
        found.append(net.blobs["data"].data.copy())
    return found


@pytest.mark.parametrize("is_color", ["true", "false"])
def test_pixels_are_opencvs(real_caffe, tmp_path, is_color):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "net.prototxt").write_text(NET.format(transform="", batch=1, more=f"is_color: {is_color}"))
    real, ours = two_engines.on_both(real_caffe, decoded, tmp_path, names=list(FILES), is_color=is_color)
    for name, theirs, mine in zip(FILES, real, ours):
        assert mine.shape == theirs.shape, name
        largest = np.abs(mine - theirs).max()
        assert largest <= ((name, is_color) in WITHIN_ONE), f"{name}: values differ by up to {largest}"


def resized(caffe, sizes):
    found = []
    for image in ("color.png", "grey.png", "dot.png"):
        for height, width in sizes:
            with open("list.txt", "w") as stream:
                stream.write(image + " 1\n")
            with open("net.prototxt", "w") as stream:
                stream.write('layer { name: "d" type: "ImageData" top: "data" top: "label" image_data_param { source: '
                             f'"list.txt" is_color: {str(image != "grey.png").lower()} new_height: {height} '
                             f'new_width: {width} }} }}')
            net = caffe.Net("net.prototxt", caffe.TEST)
            net.forward()
            found.append(net.blobs["data"].data.copy())
    return found


def test_resized_pixels_are_opencvs(real_caffe, tmp_path):
    random = np.random.RandomState(4)
    sizes = [(20, 34), (10, 17), (40, 68), (10, 34), (20, 17), (1, 1), (1, 90), (90, 1), (19, 33), (21, 35), (5, 8),
             (60, 102), (7, 17)] + [tuple(map(int, random.randint(1, 120, 2))) for _ in range(25)]
    (tmp_path / "color.png").write_bytes(file_bytes(pixels(20, 34, 3)))
    (tmp_path / "grey.png").write_bytes(file_bytes(pixels(20, 34)))
    (tmp_path / "dot.png").write_bytes(file_bytes(pixels(1, 2, 3)))
    real, ours = two_engines.on_both(real_caffe, resized, tmp_path, sizes=sizes)
    for number, (theirs, mine) in enumerate(zip(real, ours)):
        np.testing.assert_array_equal(mine, theirs, err_msg=str(sizes[number % len(sizes)]))


def refused(more="", transform="", batch=1, lines=b"x.png 0\n", **files):
    return Case(NET.format(transform=transform, batch=batch, more=more), {}, files={
        "list.txt": lines, "x.png": file_bytes(pixels(4, 5, 3)), **files})


@pytest.mark.parametrize("case, message", [
    (refused("new_height: 3"), "`new_height` is 3 and its `new_width` 0; give both, or none"),
    (refused("", "crop_size: 5"), r"layer `d` \(type ImageData, .*\): x.png is 4 pixels high and 5 wide, too small"),
    (refused(lines=b""), "`source` list.txt is empty"),
    (refused(lines=b"y.png 0\n"), "The image .*y.png cannot be read: No such file"),
    (refused(lines=b"list.txt 0\n"), "The file .*list.txt holds no image that Pillow can read"),
    (refused(batch=0), "`batch_size` is 0"),
    (refused("rand_skip: 100"), "it is to skip [0-9]+ of the 1 images in list.txt; give a `rand_skip` of at most"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_refusals(judge, case, message):
    judge.refused(case, message)


def test_a_missing_list_is_refused(judge):
    case = refused()
    judge.refused(Case(case.text.replace("list.txt", "none.txt"), {}),
                  "the list of images, cannot be read .No such file")
