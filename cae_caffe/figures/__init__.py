"""Pictures: a module for each kind (see kinds.py), whose `draw` makes it from what commands left in files."""
