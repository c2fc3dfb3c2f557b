"""Carries events from the owner of a session to every listener."""
