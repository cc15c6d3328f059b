"""The command line: one module a command. Sees the api and core."""
