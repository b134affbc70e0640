"""Random numbers of a run as pure functions of their purpose, drawn before the run starts."""
