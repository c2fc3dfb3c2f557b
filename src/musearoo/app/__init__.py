"""Builds the program: settings, the graph of objects, lifespan, command line, workers."""
