"""Figures: pure functions from a `lossctl.core.chart.Chart` to a picture, one module for each kind. May import core."""
