"""Every reader: any bytes end in success, or in one InputError whose sentences stand in a line each."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="some readers are the engine's")
pytest.importorskip("lmdb", reason="databases are made with it")

import fuzz_lengths
import fuzzing

# `test_hdf5.py` tries those of HDF5 files.
READERS = {name: one for name, one in fuzzing.readers().items() if one.damage is None}


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setenv("GLOG_minloglevel", "3")


@pytest.fixture
def folder(tmp_path):
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("name", READERS)
def test_seeds_are_sound(name, folder):
    one = READERS[name]
    ends = [fuzzing.outcome(one, seed, folder) for seed in one.seeds()]
    assert fuzzing.Outcome("success") in ends
    assert {end.kind for end in ends} <= set(fuzzing.GOOD), ends


@fuzz_lengths.in_both_lengths
@pytest.mark.parametrize("name", READERS)
def test_any_bytes_end_in_success_or_one_error(name, folder, tries):
    one = READERS[name]
    seeds: Sequence[bytes] = one.seeds()
    damaged = st.integers(len(seeds), 2**32).map(lambda number: fuzzing.mutated(one, seeds, number))

    @tries
    @given(damaged | st.binary(max_size=300))
    def attempt(content):
        end = fuzzing.outcome(one, content, folder)
        assert end.kind in fuzzing.GOOD, end.why

    attempt()
