"""What `opened` tells of a file that is missing, unreadable, damaged or something else, and what it never reads."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib

import h5py
import numpy as np
import pytest

from cae_caffe.errors import InputError
from cae_caffe.hdf5 import reading


@pytest.fixture
def stored(tmp_path):
    """`stored(fill)`: the Group of a file that `fill(file)` has filled."""
    opened = []

    def stored(fill, remedy=""):
        path = tmp_path / "x.h5"
        with h5py.File(str(path), "w") as file:
            fill(file)
        opened.append(reading.open_file(path, remedy))
        return opened[-1]
    yield stored
    for file in opened:
        file.close()


def test_what_is_whole_is_read(stored):
    def fill(file):
        file["numbers"] = np.arange(6, dtype=">i2").reshape(2, 3)
        file["group/scalar"] = 2.5
        file["text"] = "caf\u00e9"
        file.attrs.update(net="n", rows=[3, 4], order=7)
    file = stored(fill)
    assert file.names() == ["group", "numbers", "text"]
    assert file.dataset("numbers").numbers().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert file.group("group").dataset("scalar").floats() == np.float32(2.5)
    assert file.dataset("group/scalar").name == "group/scalar"
    assert file.dataset("text").text() == "caf\u00e9"
    assert (file.text_attribute("net"), file.numbers_attribute("rows"), file.number_attribute("order")) == ("n", (3, 4),
                                                                                                           7)
    assert (file.text_attribute("none", "default"), file.number_attribute("none")) == ("default", None)
    assert [one.name for one in file.all_datasets()] == ["group/scalar", "numbers", "text"]
    assert file.find("nothing") is None


def test_files_that_cannot_be_opened(tmp_path):
    (tmp_path / "text.h5").write_text("text")
    (tmp_path / "short.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    cases = {"none.h5": "there is no such file; THE REMEDY", "": "this is a folder, and an HDF5 file is needed",
             "text.h5": r"this is not a readable HDF5 file \(file signature not found\); THE REMEDY\.$",
             "short.h5": r"this is not a readable HDF5 file \("}
    for name, message in cases.items():
        with pytest.raises(InputError, match=message), reading.opened(tmp_path / name, "THE REMEDY"):
            pass


UNREADABLE = """
import os, sys
from cae_caffe.errors import InputError
from cae_caffe.hdf5 import reading
os.setuid(65534)
print(reading.is_hdf5(sys.argv[1]))
try:
    reading.open_file(sys.argv[1])
except InputError as error:
    print(error)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can take another user's place; others' files are refused alike")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "secret.h5"
    with h5py.File(str(path), "w") as file:
        file["data"] = 1.0
    path.chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", UNREADABLE, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"False\n{path}: this is not a readable HDF5 file (Permission denied).\n"


def test_a_folder_is_no_hdf5(tmp_path):
    assert not reading.is_hdf5(tmp_path) and not reading.is_hdf5(tmp_path / "none")


WRONG = {
    "a loop": (lambda file: file.update(x=h5py.SoftLink("/x")), "`x` cannot be read, so the file is damaged"),
    "a dead end": (lambda file: file.update(x=h5py.SoftLink("/y")), "`x` is a link that leads nowhere"),
    "a group": (lambda file: file.create_group("x"), "the file has no dataset `x`"),
    "nothing": (lambda file: file.update(x=h5py.Empty("f4")), "dataset `x` is of nothing and type float32"),
    "text": (lambda file: file.update(x="text"), r"dataset `x` is of shape \(\) and type object, and numbers"),
    "truth": (lambda file: file.update(x=[True]), "numbers are needed"),
    "records": (lambda file: file.update(x=np.zeros(2, [("a", "f4")])), "numbers are needed"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_holds_no_numbers(case, stored):
    fill, message = WRONG[case]
    file = stored(fill, "THE REMEDY")
    with pytest.raises(InputError, match=f"x.h5: .*{message}.*THE REMEDY"):
        file.dataset("x").numbers()


def test_names_are_shown_and_not_obeyed(stored):
    file = stored(lambda file: file.create_group("a\n\x1b[2J"))
    with pytest.raises(InputError, match=r"no dataset `a\\n\\x1b\[2J`"):
        file.dataset("a\n\x1b[2J")


@pytest.mark.parametrize("value", [[1, 2], 2**31, [1.5], "1"])
def test_what_is_not_one_whole_number(value, stored):
    with pytest.raises(InputError, match="dataset `x` is"):
        stored(lambda file: file.update(x=value)).dataset("x").number()


@pytest.mark.parametrize("value", [1.0, [b"a", b"b"], b"\xff"])
def test_what_is_no_text(value, stored):
    with pytest.raises(InputError, match="dataset `x`"):
        stored(lambda file: file.update(x=value)).dataset("x").text()


# ---- sizes and pieces

def test_a_size_that_no_file_of_its_length_can_hold(stored):
    file = stored(lambda file: file.create_dataset("x", (10**6, 10**6), "f4"))
    with pytest.raises(InputError, match=r"dataset `x` is said to have 4000000000000 bytes, which no file of \d+ bytes "
                                         "can hold"):
        file.dataset("x").numbers()


def test_a_little_of_a_lot_is_no_way_around_it(stored):
    file = stored(lambda file: file.create_dataset("x", (10**6, 10**6), "f4", chunks=(1, 10)))
    with pytest.raises(InputError, match="is said to have"):
        file.dataset("x").read(slice(0, 1))


def test_a_dataset_of_many_pieces_of_which_few_are_stored(stored):
    """It is of 4 MB, but HDF5 would look for each of the pieces."""
    file = stored(lambda file: file.create_dataset("x", (10**6,), "f4", chunks=(1,)))
    with pytest.raises(InputError, match=r"dataset `x` cannot be read.*of its 1000000 pieces only 0 are stored"):
        file.dataset("x").numbers()


def test_a_packed_file_of_one_value_is_honest(stored, monkeypatch):
    monkeypatch.setattr(reading, "ANY_SIZE", 1 << 20)
    values = np.zeros((1000, 5000), "f4")       # 20 MB of 20 KB
    file = stored(lambda file: file.create_dataset("x", data=values, chunks=values.shape, compression="gzip",
                                                   compression_opts=9))
    assert os.path.getsize(file.path) < values.nbytes / 500
    assert not file.dataset("x").numbers().any()


PACKINGS = [{"compression": "gzip"}, {"compression": "gzip", "shuffle": True},
            {"compression": "gzip", "fletcher32": True}, {"fletcher32": True}, {"shuffle": True}, {},
            {"compression": "lzf"}, {"scaleoffset": 4}]


@pytest.mark.parametrize("packing", PACKINGS, ids=str)
def test_pieces_that_are_whole_are_read(packing, stored):
    values = np.random.RandomState(0).randint(0, 9, (50, 7))
    dataset = stored(lambda file: file.create_dataset("x", data=values, chunks=(8, 3), **packing)).dataset("x")
    assert dataset.read(slice(5, 21)).tolist() == values[5:21].tolist()
    assert dataset.read(np.array([1, 30, 44])).tolist() == values[[1, 30, 44]].tolist()
    assert dataset.numbers().tolist() == values.tolist()


def _short_piece(file, packed, packing, mask=0):
    dataset = file.create_dataset("x", (16, 100), "f4", chunks=(8, 100), **packing)
    dataset.id.write_direct_chunk((0, 0), zlib.compress(bytes(3200)) if "compression" in packing else bytes(3200))
    dataset.id.write_direct_chunk((8, 0), packed, mask)


@pytest.mark.parametrize("packed, packing, message", [
    (zlib.compress(b"\1" * 100), {"compression": "gzip"}, r"its piece at \(8, 0\) unpacks to another number of bytes"),
    (zlib.compress(bytes(10**7)), {"compression": "gzip"}, "unpacks to another number of bytes than 3200"),
    (zlib.compress(bytes(range(250)) * 12)[:-9], {"compression": "gzip"}, "unpacks to another"),
    (b"no zlib", {"compression": "gzip"}, r"its piece at \(8, 0\) cannot be unpacked"),
    (b"abc", {"fletcher32": True, "compression": "gzip"}, "shorter than its checksum"),
    (bytes(77), {}, "unpacks to another number of bytes than 3200"),
], ids=range(6))
def test_pieces_that_unpack_to_something_else(packed, packing, message, stored):
    """HDF5 makes numbers of the memory behind them, or crashes."""
    file = stored(lambda file: _short_piece(file, packed, packing))
    with pytest.raises(InputError, match=f"x.h5: dataset `x` cannot be read, so the file is damaged.*{message}"):
        file.dataset("x").numbers()


def test_only_the_pieces_that_are_read_are_looked_at(stored):
    file = stored(lambda file: _short_piece(file, zlib.compress(b"\1"), {"compression": "gzip"}))
    dataset = file.dataset("x")
    assert not dataset.read(slice(0, 8)).any()
    with pytest.raises(InputError, match=r"its piece at \(8, 0\)"):
        dataset.read(slice(7, 9))


def test_a_virtual_dataset_of_itself(stored):
    def fill(file):
        layout = h5py.VirtualLayout((4,), "f4")
        layout[...] = h5py.VirtualSource(".", "x", (4,))
        file.create_virtual_dataset("x", layout)
    with pytest.raises(InputError, match=r"dataset `x` cannot be read.*takes its values from itself"):
        stored(fill).dataset("x").numbers()


def test_the_pieces_of_what_a_virtual_dataset_takes_from(stored, tmp_path):
    with h5py.File(str(tmp_path / "there.h5"), "w") as file:
        _short_piece(file, zlib.compress(b"\1"), {"compression": "gzip"})

    def fill(file):
        layout = h5py.VirtualLayout((16, 100), "f4")
        layout[...] = h5py.VirtualSource("there.h5", "x", (16, 100))
        file.create_virtual_dataset("virtual", layout)
    with pytest.raises(InputError, match=r"dataset `virtual` cannot be read.*its piece at \(8, 0\) unpacks"):
        stored(fill).dataset("virtual").numbers()


@pytest.mark.parametrize("length, told", [
    (0, r"this is not a readable HDF5 file \(the lengths in its heap of text"), (1, "attribute `net` of the"),
    (2**40, r"this is not a readable HDF5 file \(the lengths in its heap of text")])
def test_a_heap_of_text_whose_lengths_do_not_add_up(length, told, stored, tmp_path):
    stored(lambda file: file.attrs.update(net="a net")).close()
    content = bytearray((tmp_path / "x.h5").read_bytes())
    at = content.index(b"GCOL") + 16 + 8        # of the first object, behind its number
    content[at:at + 8] = length.to_bytes(8, "little")
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(InputError, match=rf"x.h5: {told}"), reading.opened(tmp_path / "x.h5") as file:
        file.text_attribute("net")


@pytest.mark.parametrize("user_block", [0, 512])
@pytest.mark.parametrize("length, told", [(5, None), (2**27, "a text claims 134217728 bytes"), (2**32 - 1, "claims")])
def test_a_text_that_claims_more_than_any_has_takes_no_memory(length, told, user_block, tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(str(path), "w", userblock_size=user_block) as file:
        file.attrs["net"] = "a net"
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL") - user_block
    at = content.index(heap.to_bytes(8, "little") + (1).to_bytes(4, "little"), user_block) - 4
    content[at:at + 4] = length.to_bytes(4, "little")
    path.write_bytes(content)
    if told is not None:
        with pytest.raises(InputError, match=rf"x.h5: this is not a readable HDF5 file .*{told}"):
            reading.open_file(path)
        return
    with reading.opened(path) as file:
        assert file.text_attribute("net") == "a net"


def _with_free_places_in_a_circle(path):
    with h5py.File(str(path), "w") as file:
        file["x"] = np.ones(4, np.float32)
    content = bytearray(path.read_bytes())
    heap = content.index(b"HEAP\0")
    free, names = (int.from_bytes(content[heap + at:heap + at + 8], "little") for at in (16, 24))
    assert free > 1         # 1 stands for none
    content[names + free:names + free + 8] = free.to_bytes(8, "little")
    path.write_bytes(content)


def test_free_places_that_go_in_a_circle_take_no_memory(tmp_path):
    _with_free_places_in_a_circle(tmp_path / "x.h5")
    with pytest.raises(InputError, match=r"x.h5: this is not a readable HDF5 file .*go in a circle"):
        reading.open_file(tmp_path / "x.h5")


def test_nor_in_a_file_that_a_virtual_dataset_takes_from(stored, tmp_path):
    _with_free_places_in_a_circle(tmp_path / "there.h5")

    def fill(file):
        layout = h5py.VirtualLayout((4,), "f4")
        layout[...] = h5py.VirtualSource("there.h5", "x", (4,))
        file.create_virtual_dataset("virtual", layout)
    with pytest.raises(InputError, match=r"dataset `virtual` cannot be read.*go in a circle"):
        stored(fill).dataset("virtual").numbers()


def test_the_last_of_many_texts_may_not_claim_more_either(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(str(path), "w") as file:
        file.create_dataset("x", data=["a" * 100] * 40000, dtype=h5py.string_dtype())
    content = bytearray(path.read_bytes())
    assert content.count(b"GCOL") > 64
    heap = content.rindex(b"GCOL")
    at = content.index(heap.to_bytes(8, "little") + (1).to_bytes(4, "little")) - 4
    content[at:at + 4] = (2**30).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(InputError, match="a text claims 1073741824 bytes"):
        reading.open_file(path)


def test_what_looks_like_a_damaged_heap_but_is_none_is_left_alone(tmp_path):
    # As HDF5 leaves it behind where a file is changed.
    names = b"HEAP\0\0\0\0" + b"".join(number.to_bytes(8, "little") for number in (64, 8, 0))
    texts = b"GCOL\1\0\0\0" + (4096).to_bytes(8, "little") + b"\1" * 4080
    path = tmp_path / "x.h5"
    with h5py.File(str(path), "w") as file:
        file["x"] = np.frombuffer(bytes(8) + names + texts + names, np.uint8)
        file["free"] = np.full(8, 8)
    content = bytearray(path.read_bytes())
    free = content.index((8).to_bytes(8, "little") * 8)
    for found in (content.index(names), content.rindex(names)):
        content[found + 24:found + 32] = free.to_bytes(8, "little")
    path.write_bytes(content)
    with reading.opened(path) as file:
        assert file.dataset("free").numbers().tolist() == [8] * 8


def test_heaps_that_overlap_are_not_followed_for_minutes(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(str(path), "w") as file:
        file["x"] = 1
    content = bytearray(path.read_bytes())
    first_object = len(content) + 32 * 2000
    end = first_object + 16 * 2000
    for start in range(len(content), first_object, 32):     # each jumps to the same long row of empty objects
        content += b"GCOL\1\0\0\0" + (end - start).to_bytes(8, "little")
        content += (1).to_bytes(8, "little") + (first_object - start - 32).to_bytes(8, "little")
    path.write_bytes(content + (2).to_bytes(16, "little") * 2000)
    with pytest.raises(InputError, match="its heaps overlap"):
        reading.open_file(path)


def test_a_device_that_has_no_end_is_not_read():
    with pytest.raises(InputError, match="/dev/zero: this is not a readable HDF5 file"):
        reading.open_file("/dev/zero")
