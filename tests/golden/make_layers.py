"""Writes tests/golden/layers/ anew from real Caffe: .venv/bin/python tests/golden/make_layers.py [FAMILY ...]"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import caffe_process
import golden_layers
from conformance import run_real


def make(real_caffe, family: str) -> None:
    cases = golden_layers.families()[family]
    results = dict(zip(cases, run_real(real_caffe, list(cases.values()))))
    for name, result in results.items():
        if isinstance(result, str):
            raise SystemExit(f"Real Caffe refuses the case {name!r} of {family}:\n{result}\n{cases[name].prototxt}")
    golden_layers.write(family, results)


def main() -> None:
    command = caffe_process.find_command()
    if command is None:
        raise SystemExit("Real Caffe is not here; scripts/install-caffe puts it into .caffe/.")
    with tempfile.TemporaryDirectory() as logs:
        real_caffe = caffe_process.RealCaffe(command, logs)
        for family in sys.argv[1:] or golden_layers.families():
            make(real_caffe, family)
            print(f"{family}: {len(golden_layers.families()[family])} cases, "
                  f"{golden_layers.path_of(family).stat().st_size} bytes")
        real_caffe.close()


if __name__ == "__main__":
    main()
