"""Whom and what a network fails: groups of clips held against each other, by whatever a corpus knows of them."""
