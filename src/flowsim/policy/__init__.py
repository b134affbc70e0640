"""Policies: typed changes from a world to another, their catalogue, cost and differences."""
