"""Output formats: pure functions from a result to text. May import core alone."""
