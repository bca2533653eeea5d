"""Editors of flexibility: every field of a flex-model or flex-context with its own controls, and as JSON beside it."""
