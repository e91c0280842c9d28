"""Writes tests/golden/solver/ anew from real Caffe: .caffe/with-caffe python3 tests/golden/make_solver.py"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import golden_solver


def make(form: str) -> None:
    """Train once, in a process of its own whose C library's rand() starts anew, and keep what it leaves."""
    with tempfile.TemporaryDirectory() as folder:
        golden_solver.prepare(Path(folder), form)
        child = os.fork()
        if not child:
            import caffe
            os.chdir(folder)
            np.savez_compressed("run.npz", **golden_solver.train(caffe))
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            raise SystemExit("Real Caffe's run failed.")
        for name, kept in {**golden_solver.snapshot_files(form), "run.npz": golden_solver.FOLDER / "run.npz"}.items():
            shutil.copy(os.path.join(folder, name), str(kept))


def main() -> None:
    golden_solver.FOLDER.mkdir(exist_ok=True)
    for form in golden_solver.ENDINGS:
        make(form)


if __name__ == "__main__":
    main()
