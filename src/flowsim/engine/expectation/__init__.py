"""Expectation engine: mean and variance of seizures in closed form, without vehicles."""
