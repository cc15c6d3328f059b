"""Rows written to files. Imports duckdb, arro3, NumPy and core."""
