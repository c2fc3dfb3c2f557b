"""The bridge to Ableton Live."""
