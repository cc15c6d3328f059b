"""The locked DuckDB connection and what it says. Imports duckdb, arro3 and core."""
