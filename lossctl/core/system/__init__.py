"""The operating system: files written whole, signals, and what start-up costs. Imports core.errors alone."""
