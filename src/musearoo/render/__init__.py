"""Notes to audio and to pictures of notation."""
