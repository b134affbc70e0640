"""Sweeps: many runs through one job runner into one store, resumable, each job done once."""
