"""Side-by-side runs of lossctl against what a user would pick instead. Run `python -m benchmarks`.

Imports the standard library only: the packages measured live in an environment of their own.
"""
