"""The paper's figures as this project made them, each embedded in the page in few colours."""

from __future__ import annotations

import base64
from pathlib import Path

from ...figures.palette import in_few_colours
from .html import Markup, element, joined

FOLDER = "figures"
DIGITS = range(10)
CAPTIONS = {
    1: "The classic auto-encoder with N = 2: codes of the test images, a colour a digit.",
    2: "The siamese network, which is told which pairs of training images are of one class: codes of the test images.",
    3: "CAE Model 1, drawn from its prototxt; Model 2 differs in its numbers of maps and neurons.",
    4: "CAE Model 2 with N = 2: codes of the test images.",
    5: "CAE Model 2 with N = 10: codes of the test images, by t-SNE.",
    6: "CAE Model 2 with N = 30: codes of the test images, by t-SNE.",
    7: "How CAE Model 2 with N = 30 encodes and decodes a digit, layer by layer.",
}


def figures(results: Path) -> Markup:
    """Figures 1 to 7 in order; one that is not there is said not to be."""
    return joined(_figure(results, number) for number in CAPTIONS)


def missing_figures(results: Path) -> list[int]:
    """The numbers of the figures that are not there."""
    return [number for number in CAPTIONS if not _path(results, number).exists()]


def _path(results: Path, number: int) -> Path:
    return results / FOLDER / f"fig{number}.png"


def _figure(results: Path, number: int) -> Markup:
    words = f"Figure {number}. {CAPTIONS[number]}"
    picture = _picture(_path(results, number), words)
    others = _digits(results) if number == 7 else Markup("")
    caption = element("figcaption", words, "" if picture else element("span", " Not made yet.", class_="missing"))
    return element("figure", picture or "", caption, others, class_="plate" if picture else "plate absent",
                   id=f"figure-{number}")


def _digits(results: Path) -> Markup:
    """Fig. 7 for each digit that there is a picture of, folded away."""
    found = [(digit, _picture(results / FOLDER / f"fig7-digit{digit}.png", f"Figure 7 for a {digit}"))
             for digit in DIGITS]
    return joined(element("details", element("summary", f"The same for a {digit}"), picture)
                  for digit, picture in found if picture)


def _picture(path: Path, words: str) -> Markup | None:
    """The PNG file as an image of the page, or None."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    source = f"data:image/png;base64,{base64.b64encode(in_few_colours(data)).decode('ascii')}"
    return Markup(element("img", src=source, alt=words, loading="lazy").replace("</img>", ""))
