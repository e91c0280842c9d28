"""The readers of a results folder: its records, measures, questions and map, and the page that shows them."""

from __future__ import annotations

import functools
import shutil
import tempfile
from pathlib import Path

import small_results
from fuzzing import reader

from cae_caffe.analysis import stability
from cae_caffe.errors import InputError
from cae_caffe.reproduction.report import page
from cae_caffe.reproduction.runs import record

_WORDS = [b'"curves":', b'"loss":', b"[[0, 1.5]]", b'"test":', b'"variant":', b"1e400", b'"\\ud800"', b"-1", b"NaN",
          b"Infinity", b'"seed":', b'"arms":', b'"runs":', b'"cae1-n2"', b'"classic-1000-500-250-n2"']


def _small(name: str) -> bytes:
    folder = Path(tempfile.mkdtemp())
    try:
        run = small_results.write_run(folder, "cae1-n2", 1, environment={"processor": "p"}, command="c", threads=1)
        small_results.write_measures(run)
        small_results.write_question(folder)
        small_results.write_map(folder)
        return (folder / name).read_bytes()
    finally:
        shutil.rmtree(folder)


def _shown(path: Path, name: str) -> None:
    """Put the file to its place in a folder of results, and make the page of it."""
    results = path.parent / "results"
    place = results / name
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, place)
    text = page._document(results)
    if "could not be read; see the end" in text:
        raise InputError(text[text.index("Not readable: "):].split("</li>")[0])


RUN = "runs/cae1-n2-seed1/"


@reader("record", lambda: [_small(RUN + "result.json")], file="result.json", is_text=True, words=_WORDS)
def _record(path):
    _shown(path, RUN + "result.json")
    record.completed(path.parent, record.read(path.parent, "it"))
    stability._of_record(path)


@reader("measures", lambda: [_small(RUN + "measures.json")], file="measures.json", is_text=True, words=_WORDS)
def _measures(path):
    (path.parent / "results" / RUN).mkdir(parents=True, exist_ok=True)
    (path.parent / "results" / RUN / "result.json").write_bytes(_sound_record())
    _shown(path, RUN + "measures.json")


@functools.cache
def _sound_record() -> bytes:
    return _small(RUN + "result.json")


@reader("question", lambda: [_small("questions/batch.json")], is_text=True, words=_WORDS)
def _question(path):
    _shown(path, "questions/batch.json")


@reader("map", lambda: [_small("map.json")], is_text=True, words=_WORDS)
def _map(path):
    _shown(path, "map.json")
