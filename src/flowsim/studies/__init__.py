"""Studies: tasks of the command, one module with a function `run` each."""
