"""Builds the program: settings, the graph of objects, lifespan, command line, worker entry points."""
