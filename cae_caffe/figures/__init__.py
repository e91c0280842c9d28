"""The paper's pictures: a module for each kind, whose `draw` makes it from what the experiments left in files."""
