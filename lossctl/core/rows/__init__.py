"""Rows of data: batches, blocks and the faults found in them. Imports NumPy and core."""
