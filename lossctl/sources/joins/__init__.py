"""Sources joined by key. Imports duckdb, NumPy and core."""
