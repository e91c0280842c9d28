"""A folder of results in its kept form, to be committed: what people read as files, the records in one archive.

Weights, codes and logs are left out. A record says which solver, seed and versions made it.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .. import files
from ..errors import InputError
from ..figures.palette import in_few_colours
from .runs import record

RECORDS = "records.tar.xz"
# As patterns under the folder of results: what stands in the kept folder as it is, and what its archive holds.
READ = ("*.md", "report.html", "figures/*.png", "questions/*.md")
PACKED = ("map.json", "mean_image.json", "questions/*.json", "runs/*/result.json", "runs/*/measures.json",
          "runs/*/picture.npz", "questions/runs/*/result.json", "questions/runs/*/measures.json",
          "questions/runs/*/train_test.prototxt")
POINTS = 200            # of a curve at most, as many as a plot shows
MOST_BYTES = 2**28      # of an archive's contents; all runs of the paper have 5 MB
MOST_MEMORY = 2**28     # that unpacking may take beside them; xz at its strongest needs 65 MB
_PLAIN = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)      # no part of a name begins with a dot, so none is ".."
Contents = dict[str, bytes]         # of files by their names under the folder, with slashes


@dataclass(frozen=True)
class Restored:
    """What `restore` did: how many files it wrote, their bytes, and the files and runs that were there and stay."""

    files: int
    bytes: int
    stayed: tuple[str, ...]


def keep(results: Path, out: Path) -> int:
    """Write the kept form of `results` to `out`; returns how many bytes the files written have.

    Curves are thinned, and pictures have few colours. Records that `out` has already of runs that `results` lacks stay
    in its archive, whose bytes follow from its contents alone. Raises InputError for a damaged archive in `out`.
    """
    readable = {name: in_few_colours(data) if name.endswith(".png") else data
                for name, data in _matching(results, READ).items()}
    packed = {name: _thinned(data) if name.endswith(record.RESULT) else data
              for name, data in _matching(results, PACKED).items()}
    older = read_archive(out / RECORDS) if (out / RECORDS).exists() else {}
    written = {**readable, RECORDS: _archive({**older, **packed})}
    for name, data in written.items():
        files.write_bytes(out / name, data)
    return sum(map(len, written.values()))


def restore(kept: Path, results: Path) -> Restored:
    """Put what `keep` wrote to `kept` back into the folder `results`, all of it or, after an error, nothing.

    What `results` has stays as it is, and a run that it has a folder of stays whole. Raises InputError if `kept` has no
    archive, or one that is damaged or holds anything but records.
    """
    contents = {**read_archive(kept / RECORDS), **_matching(kept, READ)}
    missing = {name: data for name, data in contents.items() if not (results / _unit(name)).exists()}
    stayed = sorted({_unit(name) for name in contents} - {_unit(name) for name in missing})
    results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=str(results)) as folder:
        for name, data in missing.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            files.sync(path)
        _move(Path(folder), results, sorted({_unit(name) for name in missing}))
    return Restored(len(missing), sum(map(len, missing.values())), tuple(stayed))


def read_archive(path: Path) -> Contents:
    """The records in an archive that `keep` wrote.

    Raises InputError if it is not there, is damaged, unpacks to more than MOST_BYTES, or holds anything but plain files
    by the names of records.
    """
    try:
        return dict(_members(_unpacked(path.read_bytes())))
    except FileNotFoundError:
        raise InputError(f"{path}: this folder has no archive of records; `cae-caffe reproduce --keep {path.parent}` "
                         "writes one.") from None
    except (lzma.LZMAError, tarfile.TarError, EOFError, ValueError) as error:
        raise InputError(f"{path}: this is no archive of records as `cae-caffe reproduce --keep` writes it ({error}); "
                         "fetch it again, or have it written anew.") from error


def _matching(folder: Path, patterns: Iterable[str]) -> Contents:
    found = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _thinned(data: bytes) -> bytes:
    """A record whose training curve has at most POINTS points, its last among them."""
    result = json.loads(data)
    curve = result.get("curves", {}).get("loss", [])
    if len(curve) > POINTS:
        step = -(-(len(curve) - 1) // (POINTS - 1))
        result["curves"]["loss"] = curve[:-1:step] + curve[-1:]
    return record.text(result).encode("utf-8")


def _archive(contents: Contents) -> bytes:
    """The archive of `contents`: equal ones give equal bytes, for it says nothing of times, owners and order."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz", format=tarfile.USTAR_FORMAT, preset=9) as archive:
        for name in sorted(contents):
            member = tarfile.TarInfo(name)
            member.size = len(contents[name])
            archive.addfile(member, io.BytesIO(contents[name]))
    return packed.getvalue()


def _unpacked(data: bytes) -> bytes:
    """What xz packed, no more than MOST_BYTES of it: a small file can unpack to any size."""
    unpacking = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY)
    unpacked = unpacking.decompress(data, max_length=MOST_BYTES + 1)
    if len(unpacked) > MOST_BYTES:
        raise ValueError(f"it unpacks to more than {MOST_BYTES} bytes")
    if not unpacking.eof:
        raise EOFError("it is cut off")
    return unpacked


def _members(data: bytes) -> Iterable[tuple[str, bytes]]:
    """Name and bytes of each file of the archive `data`; ValueError for what is no record, such as a link."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            # Not by `extractfile`, which follows links and blows up sparse files.
            content = data[member.offset_data:member.offset_data + member.size]
            if not (member.type == tarfile.REGTYPE and _is_record(member.name)) or len(content) != member.size:
                raise ValueError(f"`{member.name}` in it is no record")
            yield member.name, content


def _is_record(name: str) -> bool:
    path = PurePosixPath(name)
    fits = (len(path.parts) == pattern.count("/") + 1 and path.match(pattern) for pattern in PACKED)
    return _PLAIN.fullmatch(name) is not None and any(fits)


def _unit(name: str) -> str:
    """What is restored whole or not at all, since it belongs together: a run's folder; else the file itself."""
    parts = name.split("/")
    return "/".join(parts[:-1]) if "runs" in parts[:-1] else name


def _move(source: Path, target: Path, names: Iterable[str]) -> None:
    """Move files and folders, all of them or, after an error, none; nothing in `target` is replaced."""
    moved: list[Path] = []
    try:
        for name in names:
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.exists():
                raise InputError(f"{place}: this has come while the rest was being restored; wait until nothing else "
                                 "writes there, and try again.")
            os.rename(str(source / name), str(place))
            files.sync(place.parent)
            moved.append(place)
    except BaseException:
        for place in moved:
            if place.is_dir():
                shutil.rmtree(str(place))
            else:
                place.unlink()
        raise
