"""Comparison of policies in pairs: the same draw of the posterior, the same vehicles, the same random numbers."""
