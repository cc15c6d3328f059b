"""Evaluate losses and their gradients on files of predictions."""

from lossctl.core.version import __version__

__all__ = ["__version__"]
