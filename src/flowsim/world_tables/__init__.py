"""World tables: the CSV tables a world is read from, their columns, overlays, readings and checks."""
