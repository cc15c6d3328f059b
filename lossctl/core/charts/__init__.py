"""Charts as data, and the curve of a loss. Imports NumPy and core."""
