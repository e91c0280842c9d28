"""Several runs at once, each a process of one thread, in folders that only one process works in at a time."""
