"""Lists of files that are no lists are told as such, in one sentence, by all who read lists."""

from __future__ import annotations

import pytest

from cae_caffe.data import read_list
from cae_caffe.errors import InputError

NO_LISTS = {
    "utf-16": ("a.h5\n".encode("utf-16"), "it is UTF-16, .* save it so"),
    "byte order mark": (b"\xef\xbb\xbfa.h5\n", "begins with a byte order mark.* save it as plain UTF-8"),
    "zero byte": (b"a.h5\nb\0.h5\n", "its line 2 has a zero byte"),
}
NO_HDF5_LISTS = {
    "latin-1": (b"a.h5\n\nb\xe4.h5\n", "its line 3 is not UTF-8"),
    "nothing": (b" \n", "names no HDF5 file|lists no HDF5 file"),
}


@pytest.fixture
def listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(content: bytes) -> str:
        (tmp_path / "list.txt").write_bytes(content)
        return "list.txt"
    return write


@pytest.mark.parametrize("kind", [*NO_LISTS, *NO_HDF5_LISTS])
def test_what_is_no_list_of_hdf5_files(listed, kind):
    content, message = {**NO_LISTS, **NO_HDF5_LISTS}[kind]
    with pytest.raises(InputError, match=message):
        read_list(listed(content))


@pytest.mark.parametrize("name, message", [
    ("x" * 5000, "line 2: there is no file `x+` in the working directory"),
    (".", "line 2: `.` is a folder, not a file")])
def test_names_that_cannot_be_files(listed, name, message):
    with pytest.raises(InputError, match=message):
        read_list(listed(b"\n" + name.encode() + b"\n"))


@pytest.mark.parametrize("kind", NO_LISTS)
def test_what_is_no_list_for_a_layer(listed, kind):
    pytest.importorskip("torch")
    from cae_caffe.engine.hdf5_rows import listed_files
    from cae_caffe.engine.layers.forks.image_pairs import read_pairs
    from cae_caffe.engine.layers.image_data import _lines

    content, message = NO_LISTS[kind]
    for read in (listed_files, _lines, read_pairs):
        with pytest.raises(InputError, match=f"its `source` list.txt, the list .*{message}"):
            read(listed(content))


def test_a_list_that_cannot_be_opened(tmp_path):
    for path, reason in [(str(tmp_path), "Is a directory"),
                         ("a\0b", "null (byte|character)"), ("x" * 5000, "name too long")]:
        with pytest.raises(InputError, match=reason):
            read_list(path)
