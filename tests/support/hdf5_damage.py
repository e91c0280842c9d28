"""HDF5 files made wrong on purpose: in their structure, as another program might write them, and in their bytes."""

from __future__ import annotations

import io
import random
from typing import Callable

import h5py
import numpy as np


def _soft(file, name, dice):
    file[name] = h5py.SoftLink(dice.choice(["/nowhere", f"/{name}", "/", "", name, "/data", "."]))


def _external(file, name, dice):
    file[name] = h5py.ExternalLink(dice.choice(["nowhere.h5", "", "/", "/dev/null"]), dice.choice(["/data", "/", ""]))


def _hard(file, name, dice):
    parent = name.rpartition("/")[0] or "/"
    file[name] = file[dice.choice([parent, "/"])]


def _group(file, name, dice):
    group = file.create_group(name)
    for _ in range(dice.randrange(3)):
        group[dice.choice(["0", "1", "data", "-1", "x", "\u00e4\n\x1b[2J", "1" * 30])] = dice.random()


VALUES: tuple[Callable[[random.Random], object], ...] = (
    lambda dice: 1.0, lambda dice: h5py.Empty("f4"), lambda dice: "text", lambda dice: b"bytes\0more",
    lambda dice: np.zeros(0, "f4"), lambda dice: np.zeros((3, 0), "f4"), lambda dice: np.zeros((2,) * 9, "f4"),
    lambda dice: [b"a", b"b"], lambda dice: ["a", "\u00e9"], lambda dice: np.array([True, False]),
    lambda dice: np.full(dice.randrange(1, 9), dice.choice([-1, 2**31, 2**63 - 1, -2**63])),
    lambda dice: np.full(dice.randrange(1, 9), dice.choice([np.nan, np.inf, 1e300])),
    lambda dice: np.zeros(3, [("a", "f4"), ("b", "i4")]), lambda dice: np.zeros(2, "V7"), lambda dice: 1 + 2j,
    lambda dice: np.arange(6, dtype=dice.choice([">f4", "f8", "f2", "u1", "i8", ">u8"])),
    lambda dice: np.zeros((dice.randrange(4), dice.randrange(4)), "f4"),
)


def _value(file, name, dice):
    file[name] = dice.choice(VALUES)(dice)


def _special(file, name, dice):
    kind = dice.choice([h5py.ref_dtype, h5py.regionref_dtype, h5py.vlen_dtype("f4"), h5py.enum_dtype({"a": 1}),
                        np.dtype("S0") if dice.random() < .1 else np.dtype("S5"), np.dtype(("f4", (2, 3))),
                        np.dtype("longdouble")])
    file.create_dataset(name, (2,), kind)


def _huge(file, name, dice):
    shape = tuple(dice.choice([1, 3, 10**6, 2**31, 2**40]) for _ in range(dice.randrange(1, 4)))
    file.create_dataset(name, shape, dice.choice(["f4", "i8", "S100"]), chunks=dice.choice([None, (1,) * len(shape)]))


def _packed(file, name, dice):
    values = np.arange(60, dtype=dice.choice(["f4", "f8", "i4"])).reshape(10, 6)
    file.create_dataset(name, data=values, chunks=(4, 6), **dice.choice([
        {"compression": "gzip"}, {"compression": "gzip", "shuffle": True, "fletcher32": True}, {"fletcher32": True},
        {"compression": "lzf"}, {"scaleoffset": 3} if values.dtype.kind == "i" else {"shuffle": True}]))


def _virtual(file, name, dice):
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[...] = h5py.VirtualSource(dice.choice(["nowhere.h5", "."]), dice.choice(["data", name]), (4, 3))
    file.create_virtual_dataset(name, layout)


CHANGES = (_soft, _external, _hard, _group, _value, _value, _value, _special, _huge, _packed, _virtual)


def restructured(content: bytes, dice: random.Random) -> bytes:
    """The file with one to three of its objects, or attributes, replaced by others."""
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        for _ in range(dice.randrange(1, 4)):
            names: list[str] = []
            file.visit(names.append)
            name = dice.choice([*names, *names, "data", "x"])
            try:
                if dice.random() < .2:
                    _change_attribute(file, name, dice)
                    continue
                if name in file:
                    del file[name]
                if dice.random() < .9:
                    dice.choice(CHANGES)(file, name, dice)
            except (KeyError, OSError, RuntimeError, ValueError, TypeError):    # what was changed before is in the way
                continue
    return buffer.getvalue()


def _change_attribute(file, name, dice):
    attributes = dice.choice([file, file[name]]).attrs
    key = dice.choice([*attributes, "net", "order"])
    if key in attributes:
        del attributes[key]
    if dice.random() < .8:
        attributes[key] = dice.choice(VALUES)(dice)


def scrambled(content: bytes, dice: random.Random) -> bytes:
    """The file with some of its bytes changed, or cut off."""
    data = bytearray(content)
    # Most of a file is empty room; what is not is where it hurts.
    filled = [at for at in range(0, len(data), 8) if any(data[at:at + 8])] or [0]
    for _ in range(dice.choice([1, 1, 1, 2, 3, 6])):
        at = min(dice.choice(filled) + dice.randrange(8), len(data) - 1)
        length = dice.randrange(1, 33)
        if dice.random() < .05:
            del data[max(at, 16):]
        elif dice.random() < .3:
            data[at] = dice.choice([dice.randrange(256), data[at] ^ 1 << dice.randrange(8), (data[at] + 1) % 256])
        elif dice.random() < .7:
            data[at:at + length] = dice.choice([bytes(length), b"\xff" * length, dice.randbytes(length)])
        else:
            other = dice.choice(filled)
            data[at:at + length] = data[other:other + length]
    return bytes(data)


def damaged(content: bytes, seed: int) -> bytes:
    """The file made wrong in one way of many, which `seed` chooses."""
    dice = random.Random(seed)
    way = dice.random()
    if way < .5:
        content = restructured(content, dice)
    return scrambled(content, dice) if way > .4 else content
