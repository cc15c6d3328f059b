"""File formats: each turns bytes into a `Piece`. Imports duckdb, arro3, NumPy and core."""
