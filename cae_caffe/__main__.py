"""`cae-caffe`, and `python3 -m cae_caffe`, the same where nothing is installed (as inside .caffe/)."""

from __future__ import annotations

import sys

from . import interruption


def run() -> int:
    """Run the command line; returns the exit status. Ctrl-C while it is imported is no traceback either."""
    try:
        from .cli.main import main  # takes a moment, in which people press Ctrl-C

        return main()
    except KeyboardInterrupt:
        print("cae-caffe: interrupted", file=sys.stderr)
        return interruption.status()


if __name__ == "__main__":
    sys.exit(run())
