"""Sweeps: many runs through one job runner into one store, nothing lost and nothing done twice."""
