"""Durable jobs and the warm workers that run engines and analysis."""
