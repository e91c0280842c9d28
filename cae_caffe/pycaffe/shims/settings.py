"""What py-faster-rcnn's lib/fast_rcnn/config.py and its experiments/cfgs/faster_rcnn_end2end.yml set, as they stand.

The stand-ins of its layers read these; a script may write them.
"""

from __future__ import annotations

from types import SimpleNamespace

# Of regions: before and after suppression, by what overlap they are dropped, and their least side in pixels.
TRAIN = SimpleNamespace(before=12000, after=2000, overlap=0.7, least=16)
TEST = SimpleNamespace(before=6000, after=300, overlap=0.7, least=16)

# Of an anchor, its overlap with an object: it is one from `positive` on, and background below `negative`. So many are
# drawn, at most `objects` of them objects.
ANCHORS = SimpleNamespace(positive=0.7, negative=0.3, number=256, objects=0.5)

# Of a region likewise: an object from `positive` on, background from `lowest` to below `positive`.
REGIONS = SimpleNamespace(positive=0.5, lowest=0.0, number=128, objects=0.25)

# By what the four distances of a region's box are made alike in size.
BOX_MEANS = (0.0, 0.0, 0.0, 0.0)
BOX_DEVIATIONS = (0.1, 0.1, 0.2, 0.2)

# py-faster-rcnn has 600 and 1000 rows and columns, but PVANET's nets need whole multiples of 32.
IMAGES = SimpleNamespace(number=1, shortest=608, longest=1024)
