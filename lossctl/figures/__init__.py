"""Figures: pure functions from a `chart.Chart` to a picture, one module for each kind. May import core."""
