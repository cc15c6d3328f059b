"""The registry of losses and how a user's words choose from it. Imports core alone."""

from lossctl.losses.choose import ALL, Flag, choose, find, negated, parameters, search, synonyms, wants_all
from lossctl.losses.table import LOSSES

__all__ = ["ALL", "LOSSES", "Flag", "choose", "find", "negated", "parameters", "search", "synonyms", "wants_all"]
