"""Runs a plan (models × losses) over batches on local threads. Imports core alone."""
