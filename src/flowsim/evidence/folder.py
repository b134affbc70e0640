"""Folder of the package's own evidence tables."""

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "evidence"
"""Folder of the package's own evidence tables."""
