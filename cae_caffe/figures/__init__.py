"""Pictures: a module for each kind, whose `draw` makes it from what commands left in files."""
