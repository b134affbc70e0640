"""Slow statistical checks of the engines against theory, against each other and against Ciw."""
