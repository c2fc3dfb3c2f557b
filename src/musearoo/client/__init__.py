"""A Python client of the public API."""
