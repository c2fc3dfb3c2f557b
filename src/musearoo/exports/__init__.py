"""One module per file format, all written from one song model."""
