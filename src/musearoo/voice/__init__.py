"""Words to commands, and speech to words."""
