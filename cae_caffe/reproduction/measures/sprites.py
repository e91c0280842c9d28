"""Many small grey pictures in one PNG, to be cut apart where they are shown."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from PIL import Image  # comes with matplotlib

LEVELS = 32     # of grey; far fewer bytes than 256, and no eye tells them apart at this size


def sprite(pictures: np.ndarray) -> dict:
    """`pictures` (n, height, width), in [0, 1] or cut to it, as one picture; equal input gives equal bytes.

    Keys: `png` (base64), `width` and `height` of a tile, `columns` of tiles; the tiles are in reading order.
    """
    count, height, width = pictures.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    tiles = np.zeros((rows * columns, height, width), np.uint8)
    shades = np.rint(np.clip(pictures, 0, 1) * (LEVELS - 1))
    tiles[:count] = np.rint(shades * 255 / (LEVELS - 1))
    whole = tiles.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
    file = io.BytesIO()
    Image.fromarray(whole).save(file, "png", optimize=True)
    return {"png": base64.b64encode(file.getvalue()).decode("ascii"), "width": width, "height": height,
            "columns": columns}
