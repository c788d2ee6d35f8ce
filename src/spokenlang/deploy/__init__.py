"""A trained network at work: prediction, export, the server's side."""
