"""Comparison of policies: what each changes, how sure that is, and on which assumptions it rests."""
