"""Kinds of change that policies are made of: posts, devices, rules at the post, agencies, and what enters."""
