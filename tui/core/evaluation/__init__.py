"""One evaluation run in its parts: what is asked, where it is kept, what it says, what changed since another.

`tui.core.evaluate` runs it. Nothing here is needed before somebody evaluates.
"""
