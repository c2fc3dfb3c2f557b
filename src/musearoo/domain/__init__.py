"""Pure values and rules of music and of a session: no I/O, no waiting, no framework."""
