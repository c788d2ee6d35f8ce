"""Which of six languages is spoken in a five-second clip."""
