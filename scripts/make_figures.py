#!/usr/bin/env python3
"""The paper's figures: `cae-caffe reproduce --figure 1 ... --figure 7`; it passes on further flags (--jobs, --out)."""

import sys

from cae_caffe.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["reproduce", *(word for number in "1234567" for word in ("--figure", number)), *sys.argv[1:]]))
