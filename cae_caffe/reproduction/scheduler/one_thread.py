"""What the process that is forked imports first: from here on it is one of one thread.

PyTorch, scikit-learn and the BLAS of both read that number only once, when they are imported.
"""

import os

from ...running.processes import ONE_THREAD

os.environ.update(ONE_THREAD)
