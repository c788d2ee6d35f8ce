"""The default corpus: synthetic speech in the shape of the assignment's data, made on the spot."""
