"""What a loss is: its row of the registry, parameters and domains. Imports NumPy and core."""
