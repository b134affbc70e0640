"""Figures: one function for each, which takes a world or a Dataset and returns a matplotlib Figure."""
