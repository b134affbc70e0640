"""Bayesian calibration of detection to reported seizures."""
