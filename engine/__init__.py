"""Runs the base model. Knows nothing of modes' names, conversations on disk, screens or memories."""
