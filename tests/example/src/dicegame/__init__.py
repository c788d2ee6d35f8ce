"""Are these dice fair? Rolls of several dice, and what can be said about each."""
