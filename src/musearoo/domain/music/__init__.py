"""Music theory and musical values: pure, integer-based, free of I/O."""
