"""The page opened from a file in headless Chromium: no error, no network, and the map under mouse, keys and finger."""

import base64
import io
import json

import digits
import numpy as np
import pytest
import small_results
from PIL import Image

from cae_caffe.backend import load_backend
from cae_caffe.reproduction import report
from cae_caffe.reproduction.measures import code_map

READY = "document.getElementById('map-plane')?.dataset.ready === 'true'"
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A results folder with some of everything, and the data of its map."""
    folder = tmp_path_factory.mktemp("results")
    digits.write(folder, train=1, test=60)
    run = small_results.write_run(folder, "cae1-n2", 1)
    small_results.write_measures(run)
    small_results.write_run(folder, "cae1-n30", 1, (95.0, 7.4), engine="real Caffe 1.0.0 on CPU")
    small_results.write_run(folder, "classic-300-150-75-n2", 1, (float("nan"), float("inf")))
    small_results.write_question(folder)
    small_results.write_figure(folder, "fig1.png")
    net = small_results.ROOT / "prototxt" / "cae1-n2" / "deploy.prototxt"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        weights = small_results.write_weights(run)
        made = code_map.make(load_backend("torch"), net, weights, "data/mnist_test.txt", cells=8)
    made = {"model": "cae1-n2", "seed": 1, "iterations": 20000, **made}
    (folder / "map.json").write_text(json.dumps(made), encoding="utf-8")
    report.write(folder)
    return folder, made


@pytest.fixture
def page(browser, data):
    """`page(width, height, **screen)`: opens the report; afterwards there was no error and no request."""
    def opened(width=1200, height=1400, **screen):
        browser.errors.clear()
        browser.screen(width, height, **screen)
        browser.open(data[0] / "report.html", READY)
        browser.evaluate("document.getElementById('map').scrollIntoView({behavior: 'instant'})")
        return browser
    yield opened
    assert browser.errors == [] and browser.requests == []


def shown(browser, name):
    """What a small canvas beside the map shows, (28, 28) uint8."""
    source = browser.evaluate(f"document.getElementById('map-{name}').toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))).convert("L"))


def place_of(browser, made, point):
    """Pixels of the window where a code's dot is, worked out from the plane's borders."""
    left, top, size = browser.evaluate("(({left, top, width}) => [left, top, width])"
                                       "(document.getElementById('map-plane').getBoundingClientRect())")
    (x0, x1), (y0, y1), (x, y) = made["plane"]["x"], made["plane"]["y"], made["codes"][point]
    return left + size * (x - x0) / (x1 - x0), top + size * (y1 - y) / (y1 - y0)


def lonely(made, count):
    """The dots that are farthest from any other, so that the pointer means them."""
    codes = np.array(made["codes"]) / np.ptp(made["codes"], axis=0)
    apart = np.linalg.norm(codes[:, None] - codes[None], axis=2) + 9 * np.eye(len(codes))
    return np.argsort(-apart.min(axis=1))[:count].tolist()


def test_hovering_a_dot_shows_its_digit_its_restoration_and_the_plane(page, data):
    browser, made = page(), data[1]
    inputs, restored = (small_results.images_of(made[name], 60) for name in ("inputs", "restored"))
    plane = small_results.images_of(made["plane"]["pictures"], 64)
    seen = []
    for point in lonely(made, 3):
        browser.move(*place_of(browser, made, point))
        np.testing.assert_array_equal(shown(browser, "input"), inputs[point])
        np.testing.assert_array_equal(shown(browser, "restored"), restored[point])
        (x0, x1), (y0, y1), (x, y) = made["plane"]["x"], made["plane"]["y"], made["codes"][point]
        cell = int(8 * (y1 - y) / (y1 - y0)) * 8 + int(8 * (x - x0) / (x1 - x0))
        # The pointer is on whole pixels, so at a cell's border it may be in the next one.
        place = shown(browser, "place")
        near = [at for at in (cell, cell - 1, cell + 1, cell - 8, cell + 8) if at in range(64)]
        assert any((place == plane[at]).all() for at in near)
        said = browser.evaluate("document.getElementById('map-said').textContent")
        assert f"Test image {made['images'][point]}, a {made['label'][point]}:" in said
        seen.append(said)
    assert len(set(seen)) == 3


def test_the_plane_away_from_dots_changes_the_decoders_picture_alone(page, data):
    browser, made = page(), data[1]
    point = lonely(made, 1)[0]
    browser.move(*place_of(browser, made, point))
    before = [shown(browser, name).tolist() for name in ("input", "place")]
    corner = browser.evaluate("(({left, top}) => [left + 3, top + 3])"
                              "(document.getElementById('map-plane').getBoundingClientRect())")
    browser.move(*corner)
    assert shown(browser, "input").tolist() == before[0] and shown(browser, "place").tolist() != before[1]
    np.testing.assert_array_equal(shown(browser, "place"), small_results.images_of(made["plane"]["pictures"], 1)[0])


def test_keys_go_from_dot_to_dot_and_to_classes(page, data):
    browser, made = page(), data[1]
    browser.evaluate("document.getElementById('map-plane').focus()")
    point = "Number(document.getElementById('map-plane').dataset.point)"
    start = browser.evaluate(point)
    browser.press("ArrowRight")
    right = browser.evaluate(point)
    assert made["codes"][right][0] > made["codes"][start][0]
    np.testing.assert_array_equal(shown(browser, "input"), small_results.images_of(made["inputs"], 60)[right])
    browser.press("3")
    assert made["label"][browser.evaluate(point)] == 3
    for key in ("+", "+", "ArrowUp", "Escape"):
        browser.press(key)


def test_a_class_that_is_chosen_is_alone_under_the_pointer(page, data):
    browser, made = page(), data[1]
    point = next(point for point in lonely(made, 60) if made["label"][point] != 4)
    browser.evaluate("[...document.querySelectorAll('#map-legend button')].find((b) => b.value === '4').click()")
    browser.move(*place_of(browser, made, point))
    selected = "Number(document.getElementById('map-plane').dataset.point)"
    assert browser.evaluate(selected) != point
    browser.evaluate("document.querySelector('#map-legend button[aria-pressed=true]').click()")
    browser.move(*(at + 1 for at in place_of(browser, made, point)))
    assert browser.evaluate(selected) == point


def test_a_zoomed_map_is_dragged(page, data):
    browser = page()
    centre = browser.evaluate("(({left, top, width}) => [left + width / 2, top + width / 2])"
                              "(document.getElementById('map-plane').getBoundingClientRect())")
    said = "document.getElementById('map-said').textContent.split('Pointer')[1]"
    browser.move(*centre)
    before = browser.evaluate(said)
    browser.evaluate("document.getElementById('map-in').click()")
    browser.move(centre[0] + 1, centre[1])
    browser.drag(*centre, -120, -80)
    browser.move(*centre)
    assert browser.evaluate(said) != before
    browser.evaluate("document.getElementById('map-all').click()")
    browser.move(centre[0] + 1, centre[1])
    browser.move(*centre)
    assert browser.evaluate(said) == before


@pytest.mark.parametrize("dark", [False, True])
def test_a_narrow_screen_scrolls_one_way_and_a_touch_picks_a_dot(page, data, dark):
    browser, made = page(390, 844, dark=dark, scale=2, touch=True), data[1]
    assert browser.evaluate("document.documentElement.scrollWidth") == 390
    point = lonely(made, 1)[0]
    browser.evaluate("document.getElementById('map-plane').scrollIntoView({behavior: 'instant', block: 'center'})")
    browser.tap(*place_of(browser, made, point))
    browser.wait(f"document.getElementById('map-plane').dataset.point === '{point}'")
    np.testing.assert_array_equal(shown(browser, "restored"), small_results.images_of(made["restored"], 60)[point])


def test_light_and_dark_draw_the_map_in_their_own_colours(page):
    colours = []
    for dark in (False, True):
        browser = page(dark=dark)
        browser.evaluate(DRAWN)
        colours.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
        colours.append(browser.evaluate("document.getElementById('map-plane').toDataURL().length"))
    assert colours[0] != colours[2] and colours[1] != colours[3]
