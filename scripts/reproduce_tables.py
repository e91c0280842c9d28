#!/usr/bin/env python3
"""The paper's tables: `cae-caffe reproduce --table 1 ... --table 5`; it passes on further flags (--jobs, --out)."""

import sys

from cae_caffe.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["reproduce", *(word for number in "12345" for word in ("--table", number)), *sys.argv[1:]]))
