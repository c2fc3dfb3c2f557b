"""BrainAroo: audio in, musical context out."""
