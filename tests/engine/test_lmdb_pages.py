"""LMDBs that are cut off or damaged are refused, where liblmdb would take the process down."""

from __future__ import annotations

import struct

import pytest
from datasets import lmdb_bytes, read_round

from cae_caffe.engine.lmdb_records import LmdbRecords
from cae_caffe.errors import InputError

PAGE = 4096
RECORDS = {(b"%04d" % i) * 40: b"x" * (i % 9 * 700) for i in range(300)}      # branches, leaves and large values
LAST_PAGE, TRANSACTION = 16 + 24 + 96, 16 + 24 + 104     # in a meta page


@pytest.fixture(scope="module")
def content() -> bytes:
    return lmdb_bytes(RECORDS)


@pytest.fixture
def opened(tmp_path):
    def open_database(content: bytes) -> LmdbRecords:
        (tmp_path / "data.mdb").write_bytes(content)
        return LmdbRecords(str(tmp_path))
    return open_database


def number(content: bytes, place: int, size: int = 8) -> int:
    return int.from_bytes(content[place:place + size], "little")


def patched(content: bytes, place: int, value: int, size: int = 8) -> bytes:
    return content[:place] + value.to_bytes(size, "little") + content[place + size:]


def newest_meta(content: bytes) -> int:
    return max((0, PAGE), key=lambda start: number(content, start + TRANSACTION))


def root(content: bytes) -> int:
    return number(content, newest_meta(content) + 16 + 24 + 48 + 40) * PAGE


def pages(content: bytes, flags: int) -> list[int]:
    """Where pages of a kind begin, as far as they are in use."""
    last = number(content, newest_meta(content) + LAST_PAGE)
    return [start for start in range(2 * PAGE, (last + 1) * PAGE, PAGE)
            if number(content, start) * PAGE == start and number(content, start + 10, 2) == flags]


def test_a_database_that_is_cut_off_anywhere_is_told_at_its_opening(opened, content):
    whole = (number(content, newest_meta(content) + LAST_PAGE) + 1) * PAGE
    for size in [1, 100, PAGE - 1, PAGE, PAGE + 50, 2 * PAGE, whole // 2, whole // 2 + 77, whole - PAGE, whole - 1]:
        with pytest.raises(InputError, match=rf"is cut off: its data.mdb has {size} bytes, and its pages reach to \d+"):
            opened(content[:size])


def test_last_pages_that_were_never_used_need_not_be_there(opened, content):
    place = newest_meta(content) + LAST_PAGE
    assert len(read_round(opened(patched(content, place, number(content, place) + 3)))) == len(RECORDS)


def test_a_file_that_is_cut_off_while_it_is_read_is_told(opened, content, tmp_path):
    records = opened(content)
    with open(tmp_path / "data.mdb", "r+b") as file:
        file.truncate(root(content))
    with pytest.raises(InputError, match="is cut off"):
        read_round(records)


META_FAULTS = {
    "page size": (lambda c: patched(c, 16 + 24, 3, 4), "page 0 .* pages have 3 bytes"),
    "another page size": (lambda c: patched(c, PAGE + 16 + 24, 512, 4), "does not go with the other"),
    "transactions": (lambda c: patched(c, PAGE + TRANSACTION, 8), "does not go with the other"),
    "format": (lambda c: patched(c, 16 + 4, 3, 4), "has the format 3, and Caffe's LMDB reads 1"),
    "kind": (lambda c: patched(c, newest_meta(c) + 16 + 24 + 48 + 4, 4, 2), "another kind .flags 0x4."),
    "root": (lambda c: patched(c, newest_meta(c) + 16 + 24 + 48 + 40, 1), "page 1 .* is asked for"),
}
BRANCH, LEAF, BIG = 1, 2, 4
PAGE_FAULTS = {
    "number": (lambda c: patched(c, pages(c, LEAF)[0], 7777), "says that it is page 7777"),
    "leaf's kind": (lambda c: patched(c, pages(c, LEAF)[0] + 10, 0x20, 2), "neither a branch nor a leaf"),
    "bounds": (lambda c: patched(c, pages(c, LEAF)[0] + 12, 60000, 2), "has no sound bounds"),
    "no records": (lambda c: patched(c, pages(c, LEAF)[0] + 12, 16, 2), "a leaf without records"),
    "one child": (lambda c: patched(c, pages(c, BRANCH)[0] + 12, 18, 2), "a branch without two children"),
    "entry": (lambda c: patched(c, pages(c, LEAF)[0] + 16, 4095, 2), "an entry outside itself"),
    "large value": (lambda c: patched(c, pages(c, BIG)[0] + 10, 2, 2), "not the large value"),
    "circle": (lambda c: patched(c, root(c) + number(c, root(c) + 16, 2), root(c) // PAGE, 4), "circle of pages"),
}


@pytest.mark.parametrize("fault", [*META_FAULTS, *PAGE_FAULTS])
def test_damage_is_told_with_its_page(opened, content, fault):
    damage, message = {**META_FAULTS, **PAGE_FAULTS}[fault]
    with pytest.raises(InputError, match=message):
        read_round(opened(damage(content)))


@pytest.mark.parametrize("place, value, message", [
    (6, 5000, "a key that ends outside it"), (0, 5000, "a value that ends outside it"),
    (4, 4, "a key with several values"), (8, ord("9"), "its keys in disorder")])
def test_damage_within_a_leaf_is_told(opened, content, place, value, message):
    leaf = pages(content, LEAF)[1]
    size = 1 if place == 8 else 2
    node = min(leaf + number(content, leaf + 16 + 2 * i, 2) for i in range(2)) if size == 2 else \
        leaf + number(content, leaf + 16, 2)
    with pytest.raises(InputError, match=message):
        read_round(opened(patched(content, node + place, value, size)))


def test_numbers_of_pages_that_no_file_has_are_told(opened, content):
    meta = newest_meta(content)
    last = patched(content, meta + LAST_PAGE, 2**63)
    with pytest.raises(InputError, match=r"is cut off: its data.mdb has \d+ bytes, and its pages reach to \d{22}"):
        opened(patched(last, meta + 16 + 24 + 48 + 40, 2**62))


def test_a_large_value_beyond_the_last_page_is_told(opened, content):
    for leaf in pages(content, LEAF):
        for i in range((number(content, leaf + 12, 2) - 16) // 2):
            node = leaf + number(content, leaf + 16 + 2 * i, 2)
            if number(content, node + 4, 2) == 1:
                damaged = patched(content, node + 8 + struct.unpack_from("<H", content, node + 6)[0], 10**9)
                with pytest.raises(InputError, match=r"page 1000000000 .* is asked for, and the last is"):
                    read_round(opened(damaged))
                return
    pytest.fail("the database has no large value")
