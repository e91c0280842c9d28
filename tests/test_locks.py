"""Locks: one holder at a time, who is told; a dead one's is nobody's."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from cae_caffe import locks
from cae_caffe.errors import RunError
from cae_caffe.running.processes import this_python


def test_a_second_taker_is_told_who_holds_it(tmp_path):
    lock = locks.take(tmp_path / "lock")
    assert locks.take(tmp_path / "lock") is None
    words = locks.holder(tmp_path / "lock").split()
    assert words[:2] == ["process", str(os.getpid())] and words[-4] == "since" and words[-1] == "UTC"
    locks.release(lock)
    again = locks.take(tmp_path / "lock")
    assert again is not None
    locks.release(again)


def test_snapshots_of_one_prefix_have_one_writer(tmp_path):
    prefix = str(tmp_path / "net")
    with locks.of_snapshots(prefix):
        with locks.of_snapshots(prefix + "2"):
            pass
        with pytest.raises(RunError, match=f"Another run writes snapshots to `snapshot_prefix` {prefix}: process "
                           f"{os.getpid()} on host .* since 20.* UTC. Wait for its end, or give"), \
                locks.of_snapshots(prefix):
            pass
    assert not os.listdir(tmp_path)


def test_a_lock_that_its_holder_removes_as_it_is_taken_is_taken_anew(tmp_path, monkeypatch):
    path, opened = tmp_path / "lock", []
    really_open = os.open

    def late(*arguments):
        descriptor = really_open(*arguments)
        if not opened:
            os.unlink(path)
        opened.append(descriptor)
        return descriptor
    monkeypatch.setattr(os, "open", late)
    lock = locks.take(path)
    assert len(opened) == 2 and path.exists()
    locks.release(lock)


def test_the_dead_hold_none(tmp_path):
    program = """if True:
        import os, sys
        from cae_caffe import locks
        with locks.of_snapshots(sys.argv[1]):
            os._exit(0)"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "net")], check=True, env=this_python().variables)
    assert os.listdir(tmp_path) == [".net.lock"]
    with locks.of_snapshots(str(tmp_path / "net")):
        pass


def test_where_no_lock_can_be_made_nothing_is_locked(tmp_path):
    with locks.of_snapshots(str(tmp_path / "none" / "net")):
        pass


@pytest.mark.parametrize("prefix", ["", "none/net", "ze\0ro"])
def test_a_prefix_without_a_name_or_folder_or_with_a_zero_byte_ends_in_no_traceback(prefix, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with locks.of_snapshots(prefix):
        assert os.listdir(tmp_path) == ([] if prefix else ["..lock"])


def test_another_users_lock_that_may_only_be_read_is_heeded(tmp_path, monkeypatch):
    path, really_open = tmp_path / "lock", os.open
    lock = locks.take(path)

    def refused(name, flags, *mode):
        if flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, "Permission denied", name)
        return really_open(name, flags, *mode)
    monkeypatch.setattr(os, "open", refused)
    assert locks.take(path) is None
    locks.release(lock)
    again = locks.take(path)
    assert again is not None
    locks.release(again)
