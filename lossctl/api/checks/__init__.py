"""Gates held against results. Joins the rooms."""
