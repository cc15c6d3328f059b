"""What formats share: options, numbers for people, escaping, values for machines, the layout of a table.

A package, so that it is not taken for a format. Imports the standard library and core; rich inside functions.
"""
