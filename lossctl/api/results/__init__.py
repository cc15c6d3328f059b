"""From sums to evaluations. Joins the rooms."""
