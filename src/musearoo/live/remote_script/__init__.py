"""What is copied into Ableton Live's Remote Scripts folder; the server never runs it."""
