"""Rows of the registry, a module a task: each exports ``ROWS``. `losses.table` makes one list of them."""
