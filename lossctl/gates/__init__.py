"""Gates: their language, and how the figures of a run become verdicts. Imports core."""
