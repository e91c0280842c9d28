"""Images rather like MNIST's, made by a formula: a bright stroke on black, (n, 1, 28, 28) in [0, 1]."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np


def images(rows: int, seed: int = 0) -> np.ndarray:
    """Each image is a closed curve of a few random waves.

    (With images too like each other, training the classic nets is so unstable that real Caffe parts from itself within
    a hundred iterations, if only its BLAS has another kernel.)
    """
    random = np.random.RandomState(seed)
    waves = np.arange(1, 4)[:, None]
    turns = np.linspace(0, 2 * np.pi, 60)

    def along() -> np.ndarray:
        heights = random.uniform(-1, 1, (rows, 3, 1)) / np.sqrt(waves)
        return (heights * np.sin(waves * turns + random.uniform(0, 2 * np.pi, (rows, 3, 1)))).sum(1)

    pixels = np.arange(28)
    near_x = np.exp(-((14 + 6 * along()[:, :, None] - pixels) ** 2))
    near_y = np.exp(-((14 + 7 * along()[:, :, None] - pixels) ** 2))
    ink = np.einsum("npx,npy->nyx", near_x, near_y, optimize=True)
    return (np.round(255 * np.clip(ink - 0.1, 0, 1)) / 255).astype(np.float32)[:, None]


def write(folder: Path, train: int = 4000, test: int = 1000) -> None:
    """Write mnist_train.h5, mnist_test.h5 and their lists into `folder`/data, as the committed nets look for them."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    for seed, (name, rows) in enumerate((("mnist_train", train), ("mnist_test", test))):
        with h5py.File(str(data / f"{name}.h5"), "w") as file:
            file["data"] = images(rows, seed)
            file["label"] = (np.arange(rows) % 10).astype(np.float32)
        (data / f"{name}.txt").write_text(f"data/{name}.h5\n", encoding="utf-8")
