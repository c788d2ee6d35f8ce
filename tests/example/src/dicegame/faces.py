"""What a die looks like."""

FACES = 6


def fair_share() -> float:
    """The share of rolls that each face of a fair die gets."""
    return 1 / FACES
