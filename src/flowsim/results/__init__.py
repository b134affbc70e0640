"""Results: the registry of variables, the way from outcomes to a Dataset, and files."""
