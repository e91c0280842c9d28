"""The paper again: its runs over seeds, measures, tables, figures, open questions and report, its numbers beside ours.

Nothing outside this package and the command line imports it.
"""
