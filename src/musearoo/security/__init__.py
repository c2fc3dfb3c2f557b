"""Passwords, tokens, quotas, pacing and audit."""
