"""Constants of the random number generator and of the tables, shared with machine code."""

from __future__ import annotations

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
"""Round multipliers of Philox4x32 [Salmon2011]_."""

WEYL = (0x9E3779B9, 0xBB67AE85)
"""Increments of the key per round of Philox4x32 [Salmon2011]_."""

ROUNDS = 10
"""Rounds of Philox4x32-10."""

OCTAVES = 33
"""Octaves of the distance from the nearer end within reach of a 32-bit uniform number."""

KNOTS = 64
"""Intervals of a table of quantiles in each octave, a power of two."""

LOGARITHMS = 1024
"""Intervals of the table of logarithms, a power of two."""
