"""Where the tests find what is no part of the package."""

from pathlib import Path

TESTS = Path(__file__).parent
"""Folder of the tests, with what they share."""

ROOT = TESTS.parent
"""Folder of the checkout."""
