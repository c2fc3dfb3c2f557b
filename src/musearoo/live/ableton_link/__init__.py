"""Ableton Link, in a process of its own: its library is under the GPL and not installed with us."""
