"""Sources as streams of batches. Imports duckdb, arro3, NumPy and core."""
