"""The way into Live through our own remote script, which connects to us over TCP."""
