"""The vocabulary every other package speaks: losses, blocks, exact sums, tallies, results, errors.

Imports the standard library and NumPy, and nothing of ours outside core.
"""
