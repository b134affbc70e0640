"""How checkpoints choose vehicles, what their devices find, and who runs them."""
