"""Image files, opened by Pillow for whatever reads images; every fault of a file is one error with one sentence."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Callable

from ..errors import CaeCaffeError, InputError, RunError

if TYPE_CHECKING:
    from PIL import Image  # an extra, imported where it is needed

# What OpenCV reads for Caffe, and GIF, which skimage reads for pycaffe. Pillow knows more, but those are for drawings
# and documents: for PostScript it starts Ghostscript.
FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "SUN", "TIFF", "WEBP")


def require() -> None:
    """Raises RunError without Pillow."""
    try:
        import PIL.Image  # noqa: F401 - an extra, needed from here on
    except ImportError as error:
        raise RunError("Reading images needs Pillow; run `pip install \"cae-caffe[images]\"`.") from error


@contextlib.contextmanager
def opened(source: str | os.PathLike | BinaryIO, refusal: Callable[[str], InputError]) -> Iterator[Image.Image]:
    """The image in the file `source`; what goes wrong while it is open, `refusal` makes an error of, given why.

    Images of more pixels than Pillow takes for sound (twice PIL.Image.MAX_IMAGE_PIXELS, 179 million) are refused, for
    a file of a hundred bytes can claim any number. Raises RunError without Pillow, and the package's own errors as
    they are.
    """
    require()
    from PIL import Image, UnidentifiedImageError
    try:
        with Image.open(source, formats=FORMATS) as image:
            yield image
    except CaeCaffeError:
        raise
    except UnidentifiedImageError:
        raise refusal(f"it is none of the kinds {', '.join(FORMATS)}") from None
    except MemoryError:
        raise refusal("its pixels do not fit into the memory") from None
    except Exception as error:      # Pillow's plug-ins raise anything, IndexError and struct.error too
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise refusal(" ".join(reason.split())) from error
