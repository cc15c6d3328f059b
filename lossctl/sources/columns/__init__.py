"""Binding: names of columns to targets, predictions, weights and groups. Imports core."""
