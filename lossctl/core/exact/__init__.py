"""Exact sums and the arithmetic around them. Imports NumPy and core."""
