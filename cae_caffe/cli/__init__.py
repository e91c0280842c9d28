"""The commands: each module parses its flags and calls what does the work."""
