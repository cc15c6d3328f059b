"""From paired sums to comparisons. Joins the rooms."""
