"""Damaged files for all readers: any bytes end in success, or in one InputError that is fit to be read.

A reader is known by `@reader(name, seeds)` over a function that reads the whole of the file at a path; `seeds` makes
sound files. The modules of such functions are READER_MODULES, and every reader in them is tried by tests/fuzz, by
`scripts/fuzz` and by atheris.
"""

from __future__ import annotations

import importlib
import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from cae_caffe.errors import InputError

READER_MODULES = ("fuzz_texts", "fuzz_binaries", "fuzz_results", "fuzz_hdf5")
MOST_BYTES = 1 << 18        # of an input
NUMBERS = (0, 1, 2, 3, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1,
           2**64 - 1)
WORDS = (b"{", b"}", b"[", b"]", b":", b"<", b">", b",", b"-", b'"', b"'", b'"\\', b"#", b"\0", b"\r\n", b"\n\n", b"\t",
         b" ", b"-1", b"0", b"1e999", b"nan", b"-inf", b"4294967296", b"9" * 5000, b"0x" + b"f" * 5000, b"1.5", b"true",
         b"null", b'""', b"{}", b"[]", b"[" * 3000, b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80",
         "\u2028\u202e".encode(), b"\x1b[2J", b"../../x", b"/dev/null", b"x" * 5000)
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")      # control characters, halves of characters, line ends
_TOKEN = re.compile(rb"[A-Za-z_]+|[-+.0-9eE]+")


GOOD = ("success", "refused")           # kinds of outcomes


class Reader(NamedTuple):
    """What is tried: `read` reads the file at a path, which is called `file` in a folder of its own."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[Path], object]
    file: str
    is_text: bool
    words: tuple[bytes, ...]
    damage: Callable[[bytes, int], bytes] | None = None         # of a seed, by a number, in half of the inputs


class Outcome(NamedTuple):
    """How a reading ended: `kind` is success, refused (by a sound InputError), foreign or unfit, with why."""

    kind: str
    why: str = ""


_readers: dict[str, Reader] = {}


def reader(name: str, seeds: Callable[[], Sequence[bytes]], file: str = "input", is_text: bool = False,
           words: Iterable[bytes] = ()):
    """Make known how the files of `seeds` are read; `words` are put into them, beside those of every format."""
    def make_known(read: Callable[[Path], object]) -> Callable[[Path], object]:
        add(name, seeds, read, file, is_text, words)
        return read
    return make_known


def add(name: str, seeds: Callable[[], Sequence[bytes]], read: Callable[[Path], object], file: str = "input",
        is_text: bool = False, words: Iterable[bytes] = (),
        damage: Callable[[bytes, int], bytes] | None = None) -> None:
    """As `reader`; `damage` are changes of the format's own: a seed and a number give damaged content."""
    _readers[name] = Reader(name, seeds, read, file, is_text, tuple(words), damage)


def readers() -> dict[str, Reader]:
    """All readers by their names."""
    for module in READER_MODULES:
        importlib.import_module(module)
    return _readers


def outcome(one: Reader, content: bytes, folder: Path) -> Outcome:
    """Read `content` as a file in `folder`, and tell how that ended."""
    path = folder / one.file
    if path.exists():
        path.unlink()       # what is still mapped or open keeps its file
    path.write_bytes(content)
    try:
        one.read(path)
    except InputError as error:
        return _judged(error)
    except Exception as error:
        return Outcome("foreign", f"{type(error).__name__} at {place(error)}: {' '.join(str(error).split())[:200]}")
    return Outcome("success")


def _judged(error: InputError) -> Outcome:
    text = str(error)
    if not error.args or not all(isinstance(sentence, str) and sentence.strip() for sentence in error.args):
        return Outcome("unfit", f"an error without a sentence at {place(error)}")
    if text.count("\n") != len(error.args) - 1:
        return Outcome("unfit", f"{text.count(chr(10)) + 1} lines for {len(error.args)} sentences at {place(error)}")
    if any(unicodedata.category(character) in _UNSEEN for character in text.replace("\n", "").replace("\t", "")):
        return Outcome("unfit", f"control characters at {place(error)}")
    return Outcome("refused")


def place(error: BaseException) -> str:
    """The last line of this package that the error passed, or the last of all."""
    found, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "/cae_caffe/" in code.co_filename or not found:
            found = f"{code.co_filename.rpartition('/cae_caffe/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def mutated(one: Reader, seeds: Sequence[bytes], number: int) -> bytes:
    """Damaged content for `one`, always the same for the same `number`; the first ones are the seeds themselves."""
    if number < len(seeds):
        return seeds[number]
    draw = random.Random(number)
    if one.damage and draw.randrange(2):
        return one.damage(draw.choice(seeds), number)
    content = bytearray(draw.choice(seeds))
    changes = (*_OF_BYTES, *_OF_TEXT * 2) if one.is_text else (*_OF_BYTES, *_OF_BYTES, *_OF_TEXT)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 6, 12))):
        draw.choice(changes)(draw, content, (*WORDS, *one.words), seeds)
    return bytes(content[:MOST_BYTES])


def _place_in(draw: random.Random, content: bytearray) -> int:
    """Any place, and in one of three cases one at the beginning, where headers are."""
    most = len(content) if draw.randrange(3) else min(len(content), 64)
    return draw.randrange(most + 1)


def _flip(draw, content, words, seeds):
    if content:
        content[_place_in(draw, content) - 1] ^= 1 << draw.randrange(8)


def _number(draw, content, words, seeds):
    at, size, order = _place_in(draw, content), draw.choice((1, 2, 4, 8)), draw.choice(("little", "big"))
    value = draw.choice((draw.choice(NUMBERS), draw.randrange(300), draw.getrandbits(64)))
    content[at:at + size] = (value & (256 ** size - 1)).to_bytes(size, order)


def _cut(draw, content, words, seeds):
    del content[_place_in(draw, content):]


def _leave_out(draw, content, words, seeds):
    at = _place_in(draw, content)
    del content[at:at + draw.choice((1, 2, 4, 8, 64, 1024))]


def _repeat(draw, content, words, seeds):
    at = _place_in(draw, content)
    content[at:at] = content[at:at + draw.choice((1, 4, 16, 256))] * draw.choice((1, 2, 16))


def _noise(draw, content, words, seeds):
    at, noise = _place_in(draw, content), draw.randbytes(draw.choice((1, 2, 8, 64)))
    content[at:at + len(noise) * draw.randrange(2)] = noise


def _splice(draw, content, words, seeds):
    other, at = draw.choice(seeds), _place_in(draw, content)
    begin = draw.randrange(len(other) + 1)
    content[at:at + draw.choice((0, 8, 256))] = other[begin:begin + draw.choice((4, 64, 1024))]


def _swap(draw, content, words, seeds):
    first, second, size = _place_in(draw, content), _place_in(draw, content), draw.choice((1, 4, 8, 32))
    moved = content[first:first + size]
    content[first:first + size] = content[second:second + size]
    content[second:second + size] = moved


def _insert_word(draw, content, words, seeds):
    at = _place_in(draw, content)
    content[at:at] = draw.choice(words)


def _replace_word(draw, content, words, seeds):
    begin = _place_in(draw, content)
    found = _TOKEN.search(bytes(content[begin:begin + 4096]))
    if found:
        content[begin + found.start():begin + found.end()] = draw.choice(words)


def _swap_words(draw, content, words, seeds):
    found = [match.span() for match in _TOKEN.finditer(bytes(content[:8192]))]
    if len(found) > 1:
        (a, b), (c, d) = sorted(draw.sample(found, 2))
        content[a:d] = content[c:d] + content[b:c] + content[a:b]


_OF_BYTES = (_flip, _number, _cut, _leave_out, _repeat, _noise, _splice, _swap)
_OF_TEXT = (_insert_word, _replace_word, _swap_words)
