"""The random stream: Caffe's words, uniform and yes-or-no numbers, shuffles, and one stream for each thread."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from cae_caffe.engine import rng
from cae_caffe.engine.rng import uniform
from cae_caffe.engine.rng.words import Reader, Words

LARGEST = np.finfo(np.float32).max


def replay(words) -> Words:
    """A source of exactly these words, then zeros without end."""
    left = np.asarray(words, np.uint32)

    def generate(count):
        nonlocal left
        some, left = left[:count], left[count:]
        return np.concatenate([some, np.zeros(count - some.size, np.uint32)])

    return Words(generate, block=3)


def hexes(values):
    return [float(value).hex() for value in values]


@pytest.mark.parametrize("seed, words", [
    (1, [1791095845, 4282876139, 3093770124, 4005303368]),
    (1701, [384112814, 2227967492, 495543390, 3464664558]),
    (2**32 + 1701, [384112814, 2227967492, 495543390, 3464664558]),
])
def test_words_are_those_of_mt19937_seeded_modulo_two_to_the_32(seed, words):
    stream = rng.Stream(seed)
    assert [stream.word() for _ in words] == words
    assert stream.words_drawn == 4


def test_the_mersenne_twisters_own_check_value():
    stream = rng.Stream(5489)
    for _ in range(9999):
        stream.word()
    assert stream.word() == 4123659995


def test_looking_ahead_draws_nothing():
    words = replay([5, 6, 7])
    assert words.ahead(2).tolist() == [5, 6]
    reader = Reader(words, 1)
    assert (reader.word(), reader.word(), reader.place) == (6, 7, 3)
    assert words.drawn == 0 and words.draw(3).tolist() == [5, 6, 7] and words.drawn == 3


def test_uniform_values_in_xaviers_range():
    bound = np.sqrt(np.float32(3) / np.float32(81))
    stream = rng.Stream(1)
    assert hexes(stream.uniform(324, -bound, bound)[:4]) == hexes(map(float.fromhex, (
        "-0x1.05a358p-5", "0x1.87eb32p-3", "0x1.5b5a5cp-4", "0x1.54f976p-3")))
    assert stream.words_drawn == 324
    assert hexes(rng.Stream(1701).uniform(4, -bound, bound)) == hexes(map(float.fromhex, (
        "-0x1.43a3c6p-3", "0x1.d8b100p-8", "-0x1.2f3038p-3", "0x1.e37f34p-4")))


def test_uniform_includes_both_bounds_and_rejects_what_rounds_beyond():
    words = replay([0, 0xFFFFFF80, 0xFFFFFF7F, 0xFFFFFFFF, 1 << 31])        # the second and fourth are 1 in float32
    assert uniform.sample(words, 3, 0, 1).tolist() == [0, 1, 0.5 + 2**-24]      # half of the next float32 above 1
    assert words.drawn == 5


def test_uniform_of_one_value_rejects_until_a_word_rounds_down():
    words = replay([0xC0000000, 0xF0000000, 0x10000000])
    assert uniform.sample(words, 1, 5, 5).tolist() == [5]
    assert words.drawn == 3


def test_uniform_over_more_than_float32_holds_is_drawn_from_half_of_it():
    assert uniform.sample(replay([0, 1 << 31]), 2, -3e38, 3e38).tolist() == [np.float32(-3e38), 0]


@pytest.mark.parametrize("low, high", [
    (1, 0), (-np.inf, 0), (np.nan, 1), (0, np.nan), (LARGEST, LARGEST), (np.inf, np.inf)])
def test_uniform_refuses_bounds_that_no_value_can_meet(low, high):
    with pytest.raises(ValueError, match="no float32 between the bounds"):
        rng.Stream(1).uniform(1, low, high)


def test_bernoulli_accepts_up_to_and_including_its_bound():
    edge = [0x7FFFFFFF, 0x80000000, 0x80000080, 0x80000081]       # in float32 the third is rounded down to the bound
    assert uniform.bernoulli(replay(edge), 4, np.float32(0.5)).tolist() == [True, True, True, False]
    assert uniform.bernoulli(replay(edge), 4, np.float64(0.5)).tolist() == [True, False, False, False]


@pytest.mark.parametrize("draw", [rng.Stream.bernoulli, rng.Stream.bernoulli_double])
def test_bernoulli_draws_a_word_for_certainty_and_none_for_impossibility(draw):
    stream = rng.Stream(1)
    assert draw(stream, 100_000, 1).all() and stream.words_drawn == 100_000
    assert not draw(stream, 100, 0).any() and stream.words_drawn == 100_000


def test_shuffle_passes_over_words_beyond_the_last_bucket():
    items = ["a", "b", "c"]
    words = replay([0xFFFFFFFF, 0, 1 << 31])        # of three buckets none holds the first word
    uniform.shuffle(words, items)
    assert items == ["c", "b", "a"] and words.drawn == 3


@pytest.mark.parametrize("items", [[], ["a"]])
def test_shuffle_of_fewer_than_two_items_draws_nothing(items):
    stream = rng.Stream(1)
    stream.shuffle(items)
    assert stream.words_drawn == 0


def test_set_random_seed_starts_the_stream_anew():
    rng.set_random_seed(1)
    first = rng.stream().word()
    assert rng.stream().word() != first
    rng.set_random_seed(2**32 + 1)
    assert rng.stream().word() == first


def test_every_thread_has_a_stream_seeded_by_chance():
    found = []
    rng.set_random_seed(1)
    thread = threading.Thread(target=lambda: found.append((rng.stream(), rng.stream())))
    thread.start()
    thread.join()
    (theirs, again), = found
    assert theirs is again and theirs is not rng.stream()
    assert [theirs.word() for _ in range(4)] != [rng.stream().word() for _ in range(4)]     # equal once in 2**32 runs


DROPOUT = """
import caffe, numpy as np
def main(net, seed):
    net = caffe.Net(net, caffe.TRAIN)
    caffe.set_random_seed(seed)
    net.blobs["x"].data[...] = 1
    return net.forward()["y"] > 0
"""


def test_bernoulli_double_is_dropouts_mask(real_caffe, tmp_path):
    net = tmp_path / "net.prototxt"
    net.write_text("""
        layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 100000 } } }
        layer { name: "y" type: "Dropout" bottom: "x" top: "y" dropout_param { dropout_ratio: 0.3 } }""")
    kept = real_caffe(DROPOUT, net=str(net), seed=3)
    assert np.array_equal(kept, rng.Stream(3).bernoulli_double(kept.size, 1.0 - float(np.float32(0.3))))


IMAGES = """
import caffe
def main(net, seed):
    caffe.set_random_seed(seed)
    net = caffe.Net(net, caffe.TEST)
    return net.forward()["label"].copy()
"""


def test_shuffle_is_that_of_an_image_data_layer(real_caffe, tmp_path):
    count, epochs = 60, 3
    (tmp_path / "dot.pgm").write_bytes(b"P5 1 1 255\n7")
    (tmp_path / "list.txt").write_text("".join(f"{tmp_path}/dot.pgm {label}\n" for label in range(count)))
    (tmp_path / "net.prototxt").write_text(f"""
        layer {{ name: "image" type: "ImageData" top: "image" top: "label" image_data_param {{
            source: "{tmp_path}/list.txt" batch_size: {epochs * count} shuffle: true is_color: false }} }}""")
    shown = real_caffe(IMAGES, net=str(tmp_path / "net.prototxt"), seed=9)

    own = rng.Stream(rng.Stream(9).word())      # the layer's own generator is seeded by a word of the main one
    labels = list(range(count))
    expected = []
    for _ in range(epochs):
        own.shuffle(labels)
        expected += labels
    assert shown.tolist() == expected
