"""IdxFile: every type and shape, gzipped or not, and every way in which a file can be unsound."""

from __future__ import annotations

import gzip
import hashlib

import numpy as np
import pytest
from idx_files import CODES, idx_bytes, random_images, write_idx

from cae_caffe.data import IdxFile
from cae_caffe.errors import InputError


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("dtype", CODES)
def test_every_type_comes_back(tmp_path, dtype, ending):
    values = (np.arange(24).reshape(4, 2, 3) - (0 if dtype == "u1" else 7)).astype(dtype)
    with IdxFile(write_idx(tmp_path / f"values{ending}", values)) as file:
        assert file.shape == (4, 2, 3) and len(file) == 4
        assert file.dtype.newbyteorder("=") == np.dtype(dtype)
        assert np.array_equal(file.rows(1, 3), values[1:3])
        assert np.array_equal(file.rows(0, 4), values)


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 2, 3, 2)])
def test_any_number_of_dimensions(tmp_path, shape):
    values = random_images(*shape)
    with IdxFile(write_idx(tmp_path / "values", values)) as file:
        assert np.array_equal(file.rows(3, 9), values[3:])
        assert file.rows(5, 7).shape == (0,) + shape[1:]


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_md5_is_that_of_the_uncompressed_file(tmp_path, ending):
    values = random_images(5, 4, 4)
    with IdxFile(write_idx(tmp_path / f"values{ending}", values)) as file:
        assert file.md5() == hashlib.md5(idx_bytes(values)).hexdigest()
        assert np.array_equal(file.rows(0, 5), values)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"cannot open `.*absent`: No such file"):
        IdxFile(tmp_path / "absent")


@pytest.mark.parametrize("content, fault", [    # each also gzipped, where it may show only on reading it all
    (b"", r"is not an IDX file: it starts with bytes \(none\)"),
    (b"<html><body>", "is not an IDX file: it starts with bytes 3c 68 74 6d"),
    (b"\0\0\x0a\x01\0\0\0\0", "is not an IDX file: it starts with bytes 00 00 0a 01"),
    (b"\0\0\x08\0", "is not an IDX file"),
    (b"\0\0\x08\x03\0\0\0\x01", "is truncated: it ends within its header of 16 bytes"),
    (idx_bytes(random_images(3, 2, 2))[:-1], "is truncated: its header promises 3x2x2 .* 28 bytes .* there are 27"),
    (idx_bytes(random_images(3, 2, 2)) + b"\0",
     "is longer than its header says: .* 28 bytes .* there are (at least )?29"),
])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_an_unsound_file_is_refused_by_name(tmp_path, content, fault, compress):
    path = tmp_path / "broken-idx3"
    path.write_bytes(compress(content))
    with pytest.raises(InputError, match="`.*broken-idx3` " + fault), IdxFile(path) as file:
        file.md5()


def test_a_gzip_stream_cut_short(tmp_path):
    path = write_idx(tmp_path / "cut.gz", random_images(50, 4, 4))
    path.write_bytes(path.read_bytes()[:-40])
    with IdxFile(path) as file, pytest.raises(InputError, match=r"`.*cut.gz` is truncated: its gzip stream ends"):
        file.md5()


def test_a_damaged_gzip_stream(tmp_path):
    path = write_idx(tmp_path / "damaged.gz", random_images(50, 4, 4))
    content = bytearray(path.read_bytes())
    content[-8] ^= 1    # the first byte of gzip's checksum
    path.write_bytes(content)
    with IdxFile(path) as file, pytest.raises(InputError, match=r"`.*damaged.gz` is corrupted.*CRC"):
        file.md5()


def test_a_header_that_promises_the_moon_costs_nothing(tmp_path):
    path = tmp_path / "moon"
    path.write_bytes(gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12 + b"few values"))
    with pytest.raises(InputError, match="its header promises 4294967295x4294967295x4294967295 values, which no"):
        IdxFile(path)


def test_a_gzip_file_that_goes_on_for_ever_is_left_early(tmp_path):
    path = tmp_path / "bomb-idx1.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(idx_bytes(np.zeros(10, np.uint8)))
        for _ in range(64):
            file.write(bytes(1 << 20))
    with IdxFile(path) as file, pytest.raises(InputError, match=r"is longer than its header says: .* at least 1048"):
        file.md5()


@pytest.mark.parametrize("shape", [(0, 2**32 - 1, 2**32 - 1), (2**32 - 1,) * 3, (1,) * 200])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_sizes_that_no_computer_holds(tmp_path, shape, compress):
    path = tmp_path / "huge-idx"
    header = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
    path.write_bytes(compress(header))
    with pytest.raises(InputError, match="which no computer holds"):
        IdxFile(path)


def test_rows_too_large_for_the_memory(tmp_path):
    path = tmp_path / "large-idx3.gz"
    path.write_bytes(gzip.compress(bytes([0, 0, 8, 3]) + np.array([2, 2**31, 2**29], ">u4").tobytes()))
    with IdxFile(path) as file, pytest.raises(InputError, match=r"truncated|too large for the memory"):
        file.rows(0, 2)


def test_no_rows_of_a_file_without_any(tmp_path):
    with IdxFile(write_idx(tmp_path / "none", np.zeros((0, 3, 3), np.uint8))) as file:
        assert file.rows(0, 0).shape == (0, 3, 3)
