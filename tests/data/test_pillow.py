"""Image files that are damaged, huge or of other kinds are refused in one sentence by everything that reads images."""

from __future__ import annotations

import struct
import zlib

import pytest

PIL = pytest.importorskip("PIL.Image", reason="image files are read by Pillow")
pytest.importorskip("torch", reason="the engine reads images too")

from datasets import file_bytes, pixels  # noqa: E402 - needs Pillow

from cae_caffe.data.images import convert_images  # noqa: E402 - needs Pillow
from cae_caffe.engine import decoding  # noqa: E402 - needs torch
from cae_caffe.errors import InputError  # noqa: E402 - as the others
from cae_caffe.pycaffe.image_files import load_image  # noqa: E402 - needs torch


def png_header(width: int, height: int) -> bytes:
    """A PNG file that claims a size, and has no pixels."""
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


JPEG, PNG = file_bytes(pixels(40, 40, 3), "JPEG"), file_bytes(pixels(40, 40, 3))
NO_IMAGES = {
    "bomb": (png_header(60000, 60000), "3600000000 pixels"),
    "larger than its file": (png_header(8000, 8000), "truncated|no pixels|cannot|broken|unrecognized"),
    "truncated jpeg": (JPEG[:len(JPEG) // 2], "truncated"),
    "truncated png": (PNG[:len(PNG) // 2], "truncated"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n", "none of the kinds"),
    "nothing": (b"", "none of the kinds"),
}


@pytest.mark.parametrize("kind", NO_IMAGES)
def test_what_is_no_image(tmp_path, kind):
    content, reason = NO_IMAGES[kind]
    path = tmp_path / "images" / "a.png"
    path.parent.mkdir()
    path.write_bytes(content)
    for read in (lambda: decoding.read(str(path), color=True), lambda: decoding.read(str(path), color=False),
                 lambda: decoding.decode(content, "native", "Record a.png"), lambda: load_image(str(path)),
                 lambda: convert_images(path.parent, tmp_path / "out")):
        with pytest.raises(InputError, match=f"a.png.*({reason})") as caught:
            read()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fault", [IndexError("tuple index\nout of range"), struct.error("unpack"), MemoryError()])
def test_whatever_pillow_raises(monkeypatch, fault):
    def fail(*_):
        raise fault

    monkeypatch.setattr(PIL.Image, "convert", fail)
    reason = "tuple index out of range|unpack|do not fit into the memory"
    with pytest.raises(InputError, match=f"Record 7 holds no image that Pillow can read .*({reason})"):
        decoding.decode(PNG, "color", "Record 7")


def test_a_large_image_that_is_sound(tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(file_bytes(pixels(1, 1).repeat(3000, 0).repeat(2000, 1)))
    assert decoding.read(str(path), color=False).shape == (3000, 2000, 1)


def test_a_path_with_a_zero_byte():
    with pytest.raises(InputError, match="cannot be read: embedded null"):
        decoding.read("a\0.png", color=True)
