"""Files come to their places whole, on the disk before they are renamed, and what the dead left behind goes."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cae_caffe import files
from cae_caffe.running.processes import this_python


def leftovers(folder):
    return [path for path in folder.iterdir() if path.name.endswith(".part")]


@pytest.fixture
def calls(monkeypatch):
    """What goes to the disk and what is renamed, in order."""
    seen = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor):
        seen.append(("fsync", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        fsync(descriptor)

    def watched_replace(source, target):
        seen.append(("rename", Path(target).name))
        replace(source, target)
    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    return seen


def test_a_file_is_on_the_disk_before_it_is_renamed_and_its_folder_after(calls, tmp_path):
    files.write_text(tmp_path / "a", "text\n")
    assert calls == [("fsync", "a"), ("rename", "a"), ("fsync", tmp_path.name)]
    assert (tmp_path / "a").read_bytes() == b"text\n" and not leftovers(tmp_path)


def test_folders_that_are_made_are_on_the_disk_too(calls, tmp_path):
    files.write_bytes(tmp_path / "new" / "newer" / "a", b"x")
    assert calls == [("fsync", "a"), ("rename", "a"), ("fsync", "newer"), ("fsync", "new"), ("fsync", tmp_path.name)]


def test_a_batch_is_on_the_disk_before_the_first_rename_and_renamed_in_order(calls, tmp_path):
    with files.together() as batch:
        for name in ("c", "a", "b"):
            batch.write(tmp_path / name, name.encode())
        assert not any((tmp_path / name).exists() for name in "abc")
    assert calls == [("fsync", "c"), ("fsync", "a"), ("fsync", "b"), ("rename", "c"), ("rename", "a"), ("rename", "b"),
                     ("fsync", tmp_path.name)]
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "c"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_after_an_error_the_old_file_stays(error, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(error), files.replacing(path) as part:
        part.write_bytes(b"half")
        raise error
    assert path.read_bytes() == b"old" and not leftovers(tmp_path)


def test_an_error_of_the_disk_names_the_users_file(monkeypatch, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(*names):
        raise OSError(errno.ENOSPC, "No space left on device", *(names[:1] + (None,) + names[1:] if names[1:] else ()))
    for function in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, function, full)
            with pytest.raises(OSError, match="No space") as caught:
                files.write_bytes(path, b"new")
        assert caught.value.filename == str(path) and str(caught.value).endswith(f"No space left on device: '{path}'")
    with pytest.raises(OSError, match="No space") as caught, files.replacing(path) as part:
        full(part)
    assert caught.value.filename == str(path)
    with pytest.raises(FileNotFoundError) as missing, files.replacing(path):
        Path("elsewhere").read_bytes()
    assert missing.value.filename == "elsewhere"
    assert path.read_bytes() == b"old" and not leftovers(tmp_path)


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file/a") as caught:
        files.write_bytes(tmp_path / "file" / "a", b"")
    assert caught.value.filename == str(tmp_path / "file" / "a")


@pytest.mark.parametrize("name", ["n" * 255, "\u00e9" * 127], ids=["ascii", "two bytes a letter"])
def test_a_name_may_be_as_long_as_the_file_system_takes(name, tmp_path):
    files.write_bytes(tmp_path / name, b"x")
    assert os.listdir(tmp_path) == [name]


def test_a_link_stays_one(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/file")
    for data in (b"first", b"second"):
        files.write_bytes(tmp_path / "link", data)
        assert (tmp_path / "folder" / "file").read_bytes() == data and (tmp_path / "link").is_symlink()


def test_folders_and_devices_are_not_replaced(tmp_path):
    with pytest.raises(IsADirectoryError) as caught:
        files.write_bytes(tmp_path, b"")
    assert caught.value.filename == str(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"this is no file, and cannot be replaced by one: .*pipe"):
        files.write_bytes(tmp_path / "pipe", b"")
    assert (tmp_path / "pipe").is_fifo()
    with pytest.raises(OSError, match=r"no file's name has a zero byte in it"):
        files.write_bytes(f"{tmp_path}/a\0b", b"")


def test_what_the_dead_left_goes_and_what_the_living_write_stays(tmp_path):
    program = """if True:
        import os, sys
        from cae_caffe import files
        with files.replacing(sys.argv[1]) as part:
            part.write_bytes(b"half")
            os._exit(0)"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a")], check=True, env=this_python().variables)
    assert len(leftovers(tmp_path)) == 1
    with files.replacing(tmp_path / "living") as part:
        part.write_bytes(b"whole")
        files.write_bytes(tmp_path / "b", b"x")
        assert leftovers(tmp_path) == [part.parent]
    assert sorted(os.listdir(tmp_path)) == ["b", "living"]


def test_a_folder_taken_for_a_dead_ones_before_it_is_locked_is_made_again(monkeypatch, tmp_path):
    flock, removed = fcntl.flock, []

    def late(descriptor, operation):
        if not removed:
            removed.append(leftovers(tmp_path)[0])
            os.rmdir(removed[0])
        flock(descriptor, operation)
    monkeypatch.setattr(fcntl, "flock", late)
    files.write_bytes(tmp_path / "a", b"x")
    assert removed and os.listdir(tmp_path) == ["a"]


def test_others_hidden_files_stay(tmp_path):
    (tmp_path / ".other.12345678.part").mkdir()
    files.write_bytes(tmp_path / "a", b"x")
    assert leftovers(tmp_path) == [tmp_path / ".other.12345678.part"]
