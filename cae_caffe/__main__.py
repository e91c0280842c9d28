"""`python3 -m cae_caffe`, the command line where nothing is installed (as inside .caffe/)."""

import sys

from .cli.main import main

sys.exit(main())
