"""Uncertainty: intervals of values from their exact moments. Imports core alone."""
