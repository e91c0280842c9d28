"""A live progress bar on a terminal, nothing elsewhere, so that logs stay readable."""

from __future__ import annotations

import sys

from tqdm import tqdm


def bar(total: int | None, description: str, unit: str = "it", unit_scale: bool = False, initial: int = 0) -> tqdm:
    """A tqdm bar on standard error; silent unless standard error is a terminal. Use as a context manager."""
    return tqdm(total=total, desc=description, unit=unit, unit_scale=unit_scale, initial=initial,
                file=sys.stderr, disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False)
