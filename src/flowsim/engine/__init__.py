"""Engines: from a world and a fleet with its random numbers to what happened to every vehicle."""
