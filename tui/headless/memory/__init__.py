"""``tui memory``: each command's work, over the local store and what it is given."""
