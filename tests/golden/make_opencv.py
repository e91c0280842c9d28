"""Writes tests/golden/opencv/ anew from OpenCV 4: .venv/bin/python tests/golden/make_opencv.py [FAMILY ...]

The family image_changes is what becomes of an image.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import image_goldens
import opencv_judge


def main() -> None:
    opencv_judge.FOLDER.mkdir(exist_ok=True)
    if not sys.argv[1:] or "image_changes" in sys.argv[1:]:
        image_goldens.write()
    for path in sorted((opencv_judge.TESTS / "engine" / "layers" / "forks").glob("test_*.py")):
        family = path.stem[len("test_"):]
        if not sys.argv[1:] or family in sys.argv[1:]:
            for name, case in runpy.run_path(str(path)).get("OPENCV", {}).items():
                opencv_judge.write(family, name, case)
                print(f"{family}, {name}: {opencv_judge.path_of(family, name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
