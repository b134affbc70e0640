"""Reference engine: one SimPy process per vehicle, written to be read; it defines the model."""
