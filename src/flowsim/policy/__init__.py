"""Policies: typed changes of a world, their catalogue, cost and differences."""
