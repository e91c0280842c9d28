"""Training runs of the paper's models: which there are, their folders and files, and the record each leaves."""
