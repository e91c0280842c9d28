"""The small files of a folder of results, to be kept where results are committed: no weights, no codes, no logs."""

from __future__ import annotations

import json
from pathlib import Path

from .. import files
from ..figures.palette import in_few_colours
from .runs import record

# As patterns under the folder of results. A record says which solver, seed and versions made it.
KEPT = ("*.md", "report.html", "map.json", "mean_image.json", "figures/*.png", "questions/*.md", "questions/*.json",
        "runs/*/result.json", "runs/*/measures.json", "runs/*/picture.npz", "questions/runs/*/result.json",
        "questions/runs/*/measures.json", "questions/runs/*/train_test.prototxt")
POINTS = 200            # of a curve at most, as many as a plot shows


def keep(results: Path, out: Path) -> int:
    """Copy the small files of `results` to `out`; returns how many bytes `out`'s copies have.

    Curves are thinned, and pictures have few colours.
    """
    total = 0
    for path in sorted({path for pattern in KEPT for path in results.glob(pattern)}):
        copy = out / path.relative_to(results)
        if path.name == record.RESULT:
            record.save(copy.parent, _thinned(json.loads(path.read_text(encoding="utf-8"))))
        else:
            data = path.read_bytes()
            files.write_bytes(copy, in_few_colours(data) if path.suffix == ".png" else data)
        total += copy.stat().st_size
    return total


def _thinned(result):
    """A record whose training curve has at most POINTS points, its last among them."""
    curve = result.get("curves", {}).get("loss", [])
    if len(curve) <= POINTS:
        return result
    step = -(-(len(curve) - 1) // (POINTS - 1))
    return {**result, "curves": {**result["curves"], "loss": curve[:-1:step] + curve[-1:]}}
