"""Figures: one function each, from a world or a Dataset to a matplotlib Figure."""
