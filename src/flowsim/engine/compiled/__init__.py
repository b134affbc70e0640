"""Compiled engine: the model of the reference engine in machine code, with the same bits."""
