"""Calibration: what reported seizures say about detection, and what they leave as it was."""
