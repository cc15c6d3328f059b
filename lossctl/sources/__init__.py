"""Where rows come from: files, streams and frames, read by DuckDB into batches of NumPy columns. Imports core alone."""
