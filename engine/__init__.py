"""Runs the base model. Knows nothing of modes' names, conversations on disk, screens or memories."""

import os

# NumPy's OpenBLAS reads it when it is loaded. Its threads spin for some 30 ms after each product by default,
# on cores that others want; after so short a time (2 ** 4 rounds) they sleep.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
