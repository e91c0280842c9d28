"""Whatever a file holds, what reads it as HDF5 ends in success or in one InputError of one line that names a file."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

pytest.importorskip("torch", reason="the embedded engine reads most of the kinds of HDF5 files")
import fuzz_lengths
import hdf5_damage
import hdf5_readers
from hdf5_readers import KINDS


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("hdf5")
        patch.chdir(folder)
        from cae_caffe.engine import log
        patch.setattr(log, "_minimum", log.LEVELS["ERROR"])
        yield hdf5_readers.Readers(folder)


def outcome(kind, content):
    """How reading `content` ends: "ok" or "InputError"; an error of any other kind goes on its way."""
    kind.path.write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)      # of numbers that overflow, as numbers of a user's may
            kind.read()
    except InputError as error:
        assert "\n" not in str(error), "one line"
        return "InputError"
    return "ok"


def test_all_kinds_are_tried(readers):
    assert tuple(readers.kinds) == KINDS


@pytest.mark.parametrize("name", KINDS)
def test_whole_files_are_read(name, readers):
    kind = readers.kinds[name]
    assert outcome(kind, kind.content) == "ok"


@fuzz_lengths.in_both_lengths
@pytest.mark.parametrize("name", KINDS)
def test_any_damage_is_told(name, readers, tries):
    kind = readers.kinds[name]

    @tries
    @given(st.integers(0, 2**32 - 1))
    def holds(seed):
        outcome(kind, hdf5_damage.damaged(kind.content, seed))
    holds()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"no HDF5", b"\x89HDF\r\n\x1a\n" + bytes(5000)])
def test_what_is_no_file_of_hdf5_is_told(content, name, readers):
    assert outcome(readers.kinds[name], content) in ("InputError", "ok" if name == "converted" else "InputError")
