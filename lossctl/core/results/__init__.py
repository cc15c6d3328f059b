"""Results as frozen values. Imports NumPy and core."""
