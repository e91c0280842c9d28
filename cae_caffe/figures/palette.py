"""PNG pictures in few colours: a quarter of the bytes, for pages and repositories that hold many of them."""

from __future__ import annotations

import functools
import io

from PIL import Image  # comes with matplotlib

COLOURS = 256               # what one byte a pixel can tell apart
OPAQUE = (255, 255)
MEDIAN_CUT = 0              # Pillow's number: the names for it differ between its versions


@functools.lru_cache(maxsize=64)      # a page is written anew as each run ends, with the same pictures
def in_few_colours(png: bytes) -> bytes:
    """The PNG picture in at most 256 colours of its own, chosen by median cut; equal input gives equal bytes.

    A picture that has no more keeps each of them as it is. One that has a palette already, or transparent pixels, or
    would not become smaller, is given back as it came.
    """
    picture = Image.open(io.BytesIO(png))
    if picture.mode == "P":
        return png
    if "A" in picture.getbands() and picture.getchannel("A").getextrema() != OPAQUE:
        return png
    # Pillow does not dither to a palette of the picture's own: dots strewn over even grounds would cost bytes.
    reduced = picture.convert("RGB").quantize(COLOURS, method=MEDIAN_CUT)
    file = io.BytesIO()
    reduced.save(file, "png")
    return min(file.getvalue(), png, key=len)
