"""What a course asks and other subjects do not: the hand-in and the bonus."""
