"""Damaged files for one reader, chosen by which lines of this package they reach: `atheris`, libFuzzer for Python.

    python -m fuzz_coverage READER FOLDER [OPTION OF LIBFUZZER ...]

FOLDER keeps the inputs that reached something new, beside the reader's seeds. Ends with a status other than 0 at the
first input that ends in anything but success or an InputError fit to be read.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["cae_caffe"]):
    import fuzzing

    READERS = fuzzing.readers()

LIMITS = ("-timeout=10", "-rss_limit_mb=4096", f"-max_len={fuzzing.MOST_BYTES}")


class _FoundError(Exception):
    """An input that ends badly, and how."""


def main() -> None:
    """Entry point; libFuzzer ends the process."""
    name, corpus, *options = sys.argv[1:]
    one = READERS[name]
    os.environ["GLOG_minloglevel"] = "3"        # noqa: SIM112 - glog spells it so
    for number, seed in enumerate(one.seeds()):
        (Path(corpus) / f"seed-{number}").write_bytes(seed)
    words = Path(corpus).with_name("words")
    words.write_text("".join(f'"{"".join(f"{chr(92)}x{byte:02x}" for byte in word)}"\n'
                             for word in (*fuzzing.WORDS, *one.words) if len(word) < 60), encoding="ascii")
    with tempfile.TemporaryDirectory() as folder:
        def attempt(content: bytes) -> None:
            end = fuzzing.outcome(one, content, Path(folder))
            if end.kind not in fuzzing.GOOD:
                raise _FoundError(f"{end.kind}: {end.why}")

        atheris.Setup([sys.argv[0], corpus, f"-dict={words}", *LIMITS, *options], attempt)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
