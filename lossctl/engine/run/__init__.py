"""Where a plan runs: in this process, or in several. Imports NumPy and core."""
