"""Which language is spoken in a five-second clip: of the assignment's six, or of any others."""
