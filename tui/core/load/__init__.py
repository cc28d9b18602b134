"""Several conversations at once, in mixed modes, timed against the base alone: `tui --bench --slots`.

`tui.core.load.run` is the run. Nothing here is needed before somebody measures.
"""
