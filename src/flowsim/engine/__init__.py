"""Simulation engines: from a world and a fleet with its random numbers to the outcome of every vehicle."""
