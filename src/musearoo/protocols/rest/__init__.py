"""The REST door: HTTP in, commands and queries to the conductor, JSON and problems out."""
