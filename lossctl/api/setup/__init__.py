"""What happens before a pass: sources opened, losses chosen, columns bound, plans made. Joins the rooms."""
