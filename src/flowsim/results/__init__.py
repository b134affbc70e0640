"""Results: registry of variables, conversion of outcomes to a Dataset, and files."""
