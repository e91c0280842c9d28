import sys

import pytest

from cae_caffe.engine import spare_memory


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """`machine(**files)`: a machine that has the files meminfo, max, current and stat, and no others."""
    monkeypatch.setattr(spare_memory, "_SYSTEM", tmp_path / "meminfo")
    monkeypatch.setattr(spare_memory, "_GROUP", tmp_path)

    def machine(meminfo=None, **group):
        for name, text in {"meminfo": meminfo, **{f"memory.{name}": text for name, text in group.items()}}.items():
            if text is not None:
                (tmp_path / name).write_text(text)
        return spare_memory.spare_memory()
    return machine


MEMINFO = "MemTotal:        8000 kB\nMemFree:         1000 kB\nMemAvailable:    3000 kB\n"


def test_it_is_what_the_system_has(machine):
    assert machine(MEMINFO) == 3000 * 1024


def test_a_control_groups_limit_counts_and_its_file_cache_is_free(machine):
    assert machine(MEMINFO, max="1000000\n", current="700000\n", stat="anon 500000\nfile 200000\n") == 500000


def test_a_control_group_without_a_limit_does_not_count(machine):
    assert machine(MEMINFO, max="max\n", current="700000\n", stat="anon 500000\nfile 200000\n") == 3000 * 1024


def test_where_nobody_tells_there_is_no_limit(machine):
    assert machine() == sys.maxsize


def test_swap_counts_where_it_is_asked_for(machine):
    machine()
    assert spare_memory.spare_memory_and_swap() is None
    machine(MEMINFO)
    assert spare_memory.spare_memory_and_swap() == 3000 * 1024
    machine(MEMINFO + "SwapTotal:       2000 kB\nSwapFree:         500 kB\nHugePages_Total:       0\n")
    assert spare_memory.spare_memory_and_swap() == 3500 * 1024


def test_this_machine_has_some():
    assert spare_memory.spare_memory() > 0
    free = spare_memory.spare_memory_and_swap()
    assert free is None or 2**20 < free < 2**50
