"""Comparison of policies: effects, their uncertainty, and the assumptions behind them."""
