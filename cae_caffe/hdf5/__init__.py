"""HDF5 files: written so that a full disk cannot spoil them, and read so that damage is told in one sentence."""
