"""The registry of losses and how a user's words choose from it. Imports core alone."""
