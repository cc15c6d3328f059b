"""What a pass keeps. Imports NumPy and core."""
