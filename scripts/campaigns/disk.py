"""A full disk: each command writes to a tmpfs of a hundred sizes, a good file of its own already there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
from PIL import Image
from small_autoencoder import SmallAutoencoder, write_images

from . import place

PAGE = 4096
ROWS = 3000
PICTURES = 400
LOG = "".join(f"I1128 07:48:00.000000  1 solver.cpp:218] Iteration {i}, loss = {9 - i}\n" for i in range(9))


def attack(folder: Path, count: int, failed: place.Failed) -> str:
    """Let every command write to `count` sizes in all; returns what was counted."""
    inputs = folder / "in"
    inputs.mkdir()
    commands = _commands(inputs)
    disk = folder / "disk"
    disk.mkdir()
    done = told = 0
    for name, words in commands.items():
        made = _made(inputs, disk, folder / "made.log", words)
        need = sum(-(-len(data) // PAGE) + 2 for data in made.values()) * PAGE
        sizes = -(-count // len(commands))
        for number in range(sizes):
            size = max(1, round(1.6 * need * (number + 1) / sizes / PAGE)) * PAGE
            status = _try(name, words, made, size, (inputs, disk, folder / "log"), failed)
            done += 1
            told += status == 1
    return f"{len(commands)} commands on {done} sizes: {told} ended with their sentence, {done - told} found room"


def _commands(inputs: Path) -> dict[str, tuple[str, ...]]:
    """Words by name; OUT stands for the folder that they write to."""
    SmallAutoencoder(inputs)
    write_images(inputs, ROWS, labels=range(ROWS))
    net, trained = "deploy.prototxt", "small.caffemodel"
    pixels = np.random.RandomState(3).randint(0, 256, (ROWS, 8, 8)).astype("u1")
    head = bytes([0, 0, 8, 3]) + np.array(pixels.shape, ">i4").tobytes()
    (inputs / "images.idx").write_bytes(head + pixels.tobytes())
    place.write_training(inputs, 4, 2)
    solver = inputs / "solver.prototxt"
    solver.write_text(solver.read_text().replace('"small"', '"OUT/small"'))
    (inputs / "hdf5.prototxt").write_text(solver.read_text() + "snapshot_format: HDF5\n")
    given = (net, trained, "--data", "images.txt", "--backend", "torch")
    for number, picture in enumerate(pixels[:PICTURES]):
        path = inputs / "pictures" / str(number % 3) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    with h5py.File(str(inputs / "codes.h5"), "w") as file:
        file["codes"] = np.random.RandomState(4).normal(size=(ROWS, 2)).astype("f4")
    (inputs / "train.log").write_text(LOG)
    return {
        "make-prototxt": ("make-prototxt", "cae1-n2", "classic-500-250-125-n2", "--out", "OUT"),
        "upgrade": ("upgrade", trained, "OUT/new.caffemodel"),
        "data images": ("data", "images", "pictures", "--out", "OUT/pictures"),
        "figure scatter": ("figure", "scatter", "codes.h5", "--out", "OUT/scatter.png"),
        "figure curves": ("figure", "curves", "train.log", "--out", "OUT/curves.png"),
        "train": ("train", "-solver", "solver.prototxt", "--backend", "torch"),
        "train HDF5": ("train", "-solver", "hdf5.prototxt", "--backend", "torch"),
        "encode": ("encode", *given, "--out", "OUT/codes.h5"),
        "activations": ("activations", *given, "--out", "OUT/a.h5", *(f"--image={i}" for i in range(200))),
        "data idx": ("data", "idx", "images.idx", "-", "--out", "OUT/data"),
        "figure architecture": ("figure", "architecture", net, "--out", "OUT/net.png"),
        "export-onnx": ("export-onnx", net, trained, "--out", "OUT/net.onnx"),
        "export-torch": ("export-torch", net, trained, "--out", "OUT/models"),
    }


def _in(folder: Path, inputs: Path, words: tuple[str, ...]) -> list[str]:
    """The words with `folder` for OUT, and the solvers written so."""
    for name in ("solver", "hdf5"):
        text = (inputs / f"{name}.prototxt").read_text()
        (inputs / f"{name}-here.prototxt").write_text(text.replace("OUT", str(folder)))
    return [word.replace("OUT", str(folder)).replace("solver.prototxt", "solver-here.prototxt")
            .replace("hdf5.prototxt", "hdf5-here.prototxt") for word in words]


def _made(inputs: Path, out: Path, log: Path, words: tuple[str, ...]) -> dict[str, bytes]:
    """What the command makes in the folder `out` where there is room; the folder is empty again."""
    status = place.run(_in(out, inputs, words), inputs, log)
    if status:
        raise RuntimeError(f"{' '.join(words)}: status {status}, see {log}")
    made = _contents(out)
    shutil.rmtree(out)
    out.mkdir()
    return made


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _try(name: str, words: tuple[str, ...], made: dict[str, bytes], size: int, places: tuple[Path, Path, Path],
         failed: place.Failed) -> int:
    inputs, disk, log = places
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)], check=True)
    try:
        old = {}
        for file in sorted(made, reverse=True)[:1]:       # one old file, where there is room for it
            if len(made[file]) + PAGE <= size:
                old[file] = made[file][:-1] + bytes([made[file][-1] ^ 1])
                (disk / file).parent.mkdir(parents=True, exist_ok=True)
                (disk / file).write_bytes(old[file])
        log.unlink(missing_ok=True)
        status = place.run(_in(disk, inputs, words), inputs, log)
        said, here = log.read_text(errors="replace"), _contents(disk)
        what = f"{name} on {size} bytes"
        failed.unless(status in (0, 1), f"{what}: status {status}: {said[-300:]}")
        failed.unless("Traceback" not in said and "Exception" not in said, f"{what}: {said[-300:]}")
        failed.unless(not place.leftovers(disk), f"{what}: leaves {place.leftovers(disk)}")
        for file, data in here.items():
            failed.unless(file.startswith(".") or data in (made.get(file), old.get(file)),
                          f"{what}: {file} is neither the old one nor whole")
        if status == 1:
            told = [line for line in said.splitlines() if line.startswith(("cae-caffe ", "make-prototxt"))]
            failed.unless(len(told) == 1, f"{what}: {said[-300:]}")
        return status
    finally:
        subprocess.run(["umount", str(disk)], check=True)
