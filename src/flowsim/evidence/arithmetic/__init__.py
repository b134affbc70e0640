"""Arithmetic of the contradictions, by subject."""
