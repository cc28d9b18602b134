"""The numbers of docs/performance.md, as ratios from alternating runs: ``make bench``."""
