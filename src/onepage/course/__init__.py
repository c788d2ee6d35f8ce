"""What a course asks and other subjects do not: the hand-in and the bonus."""

GROUP = "group.toml"  # of the page's folder: who hands in
