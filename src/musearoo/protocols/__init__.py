"""The doors: thin shells that turn requests into commands and events into answers."""
