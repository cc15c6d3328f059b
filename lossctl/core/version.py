"""The version, alone so that core can stamp results with it."""

__version__ = "0.1.0"
