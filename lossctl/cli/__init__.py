"""The command line: one module a command. Sees the api and core."""

import gc
import os

# lossctl never calls the linear algebra library. Its threads would only cost time at each start, and keep a process
# from being forked safely (see lossctl.engine.run.processes). Read when NumPy loads, which is after this module.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Imports make a hundred thousand objects that stay: looking for garbage among them takes 20 ms of a start.
gc.set_threshold(100_000)
