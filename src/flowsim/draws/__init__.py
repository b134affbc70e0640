"""Every random number of a run as a pure function of what it is for, drawn before the run starts."""
