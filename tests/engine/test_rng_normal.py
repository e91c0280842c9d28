"""Normal numbers: the block-wise sampler against a word-by-word one, its tables, and its exponential function."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings, strategies

from cae_caffe.engine import rng
from cae_caffe.engine.rng import normal, ziggurat
from cae_caffe.engine.rng.glibc import expf
from cae_caffe.engine.rng.words import Words

F = np.float32


class WordByWord:
    """The ziggurat of Boost 1.74, written down as it is told: one value after the other, one word after the other."""

    def __init__(self, words):
        self.words = [int(word) for word in words]
        self.drawn = 0

    def word(self):
        self.drawn += 1
        return self.words[self.drawn - 1]

    def below_one(self):
        value = F(1)
        while not value < 1:
            value = F(self.word()) * F(2.0**-32)
        return value

    def normal(self):
        table = ziggurat.normal()
        while True:
            word = self.word()
            sign = F(1) if word & 1 else F(-1)
            k = (word & 255) // 2
            x = F((word >> 8) / 2**24) * table.x32[k]
            if float(x) < float(table.x[k + 1]):
                return x * sign
            if k == 0:
                return sign * self.tail(table.x32[1])
            h = self.below_one()
            y = table.y32[k] + h * table.height[k]
            from_chord = table.slope_width[k] * h - (table.x32[k] - x)
            from_tangent = y - (table.y32[k] + (table.x32[k] - x) * table.y32[k] * table.x32[k])
            upper, lower = (from_chord, from_tangent) if table.x[k] >= 1 else (from_tangent, from_chord)
            if upper < 0 and (lower < 0 or y < expf(-(x * x / F(2)))):
                return x * sign

    def tail(self, start):
        while True:
            x = self.exponential() / start
            y = self.exponential()
            if F(2) * y > x * x:
                return x + start

    def exponential(self):
        table = ziggurat.exponential()
        shift = F(0)
        while True:
            word = self.word()
            k = word & 255
            x = F((word >> 8) / 2**24) * table.x32[k]
            if x < table.x32[k + 1]:
                return shift + x
            if k == 0:
                shift = shift + table.x32[1]
                continue
            h = self.below_one()
            y = table.y32[k] + h * table.height[k]
            from_chord = table.slope_width[k] * h - (table.x32[k] - x)
            from_tangent = y - (table.y32[k + 1] + (table.x32[k + 1] - x) * table.y32[k + 1])
            if from_chord < 0 and (from_tangent < 0 or y < expf(-x)):
                return shift + x


def on_the_edge(table, buckets):
    """Words that lie, in float32, exactly where the part of their strip that is wholly under the curve ends."""
    k = np.arange(table.height.size - 1)
    nearest = np.rint(table.x[k + 1] / table.x[k] * 2**24).astype(np.int64)
    fraction = (nearest[:, None] + np.arange(-2, 3)).clip(0, 2**24 - 1)
    exact = F(fraction / 2**24) * table.x32[k, None] == table.x32[k + 1, None]
    return (fraction * 256 + k[:, None] * (256 // buckets))[exact].astype(np.uint32)


EDGES = np.concatenate([on_the_edge(ziggurat.normal(), 128), on_the_edge(ziggurat.exponential(), 256)])


def doctored(seed, count, share):
    """Random words of which `share` (0..1) lead into branches that hardly ever occur."""
    random = np.random.RandomState(seed)
    words = random.randint(0, 2**32, size=count, dtype=np.uint32)
    tail = (words | 0xF0000000) & 0xFFFFFF01        # far out in strip 0 of the normal curve, at times of both curves
    largest = words | 0xFFFFFF80                    # rounds to 1, far out in any strip
    top = words | 0xFE                              # strip 127 of the normal curve, 254 or 255 of the exponential
    least = words & 1
    edge = random.choice(EDGES, size=count)
    choices = np.choose(random.randint(0, 5, size=count), [tail, largest, top, least, edge])
    return np.where(random.random_sample(count) < share, choices, words)


def source(words, block):
    place = 0

    def generate(count):
        nonlocal place
        place += count
        assert place <= words.size
        return words[place - count:place]

    return Words(generate, block)


def bits(values):
    return np.asarray(values, F).view(np.uint32).tolist()


@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(seed=strategies.integers(0, 2**32 - 1), block=strategies.sampled_from([1, 2, 37, 100, 1000]),
       share=strategies.sampled_from([0, 0.05, 0.3, 0.6]))
def test_block_by_block_is_word_by_word(seed, block, share):
    words, count = doctored(seed, 20_000, share), 300
    reference, blocks = WordByWord(words), source(words, block)
    assert bits(normal.sample(blocks, count, 0, 1)) == bits([reference.normal() + F(0) for _ in range(count)])
    assert blocks.drawn == reference.drawn


def test_mean_and_std_are_applied_in_float32():
    stream = rng.Stream(3)
    reference = WordByWord(stream.word() for _ in range(2000))
    expected = [reference.normal() * F(0.37) + F(0.011) for _ in range(1000)]
    assert bits(rng.Stream(3).normal(1000, 0.011, 0.37)) == bits(expected)


@pytest.mark.parametrize("seed, first, drawn, first_tail", [
    (1, ["0x1.f31ba4p-1", "-0x1.d223f0p+0", "0x1.0527dcp-15", "0x1.3a38e6p-2"], 1_041_296, 361),
    (1701, ["-0x1.bf8da0p-4", "-0x1.ac0446p+0", "-0x1.a361bap-3", "-0x1.0de65cp-1"], 1_040_610, 752),
])
def test_a_million_values(seed, first, drawn, first_tail):
    stream = rng.Stream(seed)
    values = stream.normal(1_000_000, 0, 1)
    assert values[:4].tolist() == [float.fromhex(value) for value in first]
    assert stream.words_drawn == drawn
    assert np.flatnonzero(np.abs(values) > 3.4426198)[0] == first_tail


def test_an_infinite_std_gives_infinities_without_a_warning():
    assert np.isinf(rng.Stream(1).normal(10, 0, np.inf)).all()


@pytest.mark.parametrize("strips, digest", [
    (ziggurat.normal, "6847d5a7107d61886de40849612438bca0432363c623f39411d188566ec93086"),
    (ziggurat.exponential, "0e43b95ec2e42edea1fe59ad9dcdf827eaa130aae7c33c68a111e4f3d0b86bae"),
])
def test_tables_are_boosts(strips, digest):
    table = strips()
    joined = b"".join(part.tobytes() for part in (table.x, table.y32, table.height, table.slope_width))
    assert hashlib.sha256(joined).hexdigest() == digest


def test_expf_rounds_as_glibc_does_where_that_is_not_to_the_nearest():
    glibc = {"-0x1.6a1dc2p+2": "0x1.c95810p-9", "-0x1.43b0a0p+2": "0x1.a0d6bap-8",
             "-0x1.87e658p+0": "0x1.bb15a2p-3", "-0x1.2f52eap+2": "0x1.1e8276p-7"}
    x = np.array([float.fromhex(value) for value in glibc], F)
    assert expf(x).tolist() == [float.fromhex(value) for value in glibc.values()]
    assert not np.any(expf(x) == np.exp(x.astype(np.float64)).astype(F))


LIBC = """
import ctypes, numpy as np
def main(x):
    expf = ctypes.CDLL("libm.so.6").expf
    expf.restype, expf.argtypes = ctypes.c_float, [ctypes.c_float]
    return np.array([expf(value) for value in x.tolist()], np.float32)
"""


def test_expf_is_that_of_the_c_library_below_real_caffe(real_caffe):
    x = -np.random.RandomState(0).uniform(0, 7.7, size=100_000).astype(F)
    assert bits(expf(x)) == bits(real_caffe(LIBC, x=x))
