"""The numbers of docs/performance.md, as ratios from alternating runs: ``make bench``."""

import engine as engine  # it says how NumPy's threads wait, before NumPy is loaded
