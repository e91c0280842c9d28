"""The map of codes: its place in the page and its data; the scripts in assets/ bring it to life."""

from __future__ import annotations

import json
from pathlib import Path

from ...errors import InputError
from ...json_file import read_object
from ..fields import ANY_LIST, COUNT, TEXT, check, object_of
from ..measures.code_map import MAP
from .html import Markup, element, joined

_SPRITE = object_of(png=TEXT, width=COUNT, height=COUNT, columns=COUNT)
NEEDED = {"codes": ANY_LIST, "label": ANY_LIST, "error": ANY_LIST, "inputs": _SPRITE, "restored": _SPRITE,
          "plane": object_of(x=ANY_LIST, y=ANY_LIST, cells=COUNT, pictures=_SPRITE), "model": TEXT}
HELP = ("Point at a dot, or touch it. Keys: arrows go to the next dot that way, digits to the next image of that "
        "class, + and − zoom, Escape shows all. Drag to move a zoomed map.")


def read_map(results: Path) -> tuple[dict | None, str | None]:
    """The map's data, and what is wrong with it in words; None for what there is not."""
    path, remedy = results / MAP, "delete it to have the map made again"
    try:
        return check(path, read_object(path, remedy), NEEDED, NEEDED, remedy), None
    except FileNotFoundError:
        return None, None
    except InputError as error:
        return None, f"{error}"


def map_section(data: dict | None) -> Markup:
    """The map, or a line that says that there is none."""
    if data is None:
        return element("p", "There is no map yet: it is made from the weights of a trained net with N = 2.",
                       class_="missing")
    return joined([element("p", _about(data)), _stage(data), element("p", HELP, class_="note", id="map-help"),
                   element("noscript", element("p", "The map needs JavaScript.")), _embedded(data)])


def _about(data: dict) -> str:
    count, cells = len(data["codes"]), data["plane"]["cells"]
    all_images = data.get("of", count)
    return (f"{data['model']}, seed {data.get('seed')}, {data.get('iterations')} iterations: {count} of the "
            f"{all_images} test images, each a dot where the encoder puts it. Behind them, faint, is what the decoder "
            f"draws there: {cells} by {cells} pictures of places in the plane, most of which no image has.")


def _stage(data: dict) -> Markup:
    canvas = element("canvas", id="map-plane", tabindex=0, role="application", aria_describedby="map-help map-said",
                     aria_label=f"Map of the codes of {data['model']}")
    pictures = [element("figure", element("canvas", id=f"map-{key}", width=data["inputs"]["width"],
                                          height=data["inputs"]["height"]), element("figcaption", words))
                for key, words in (("input", "image"), ("restored", "restored"), ("place", "decoder at the pointer"))]
    zoom = [element("button", sign, type="button", id=f"map-{key}", aria_label=words)
            for key, sign, words in (("in", "+", "zoom in"), ("out", "−", "zoom out"), ("all", "all", "show all"))]
    slider = Markup('<input type="range" id="map-ink" min="0" max="100" value="45">')
    side = element("div", element("div", *pictures, class_="map-pictures"),
                   element("p", Markup("&nbsp;"), id="map-said", aria_live="polite"),
                   element("div", id="map-legend", role="group", aria_label="classes"),
                   element("div", element("span", *zoom, class_="map-zoom"),
                           element("label", "decoder's pictures ", slider), class_="map-tools"),
                   class_="map-side")
    return element("div", element("div", canvas, class_="map-frame"), side, class_="map")


def _embedded(data: dict) -> Markup:
    # "<" cannot end the script from inside a string when it is written as an escape.
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(f'<script type="application/json" id="map-data">{text}</script>')
