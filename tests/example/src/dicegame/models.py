"""A model of a die: how often each face turns up."""

from __future__ import annotations

import numpy as np

from dicegame.faces import FACES


class Die:
    """Shares of the faces, learnt by stepping towards what is rolled."""

    def __init__(self) -> None:
        self.shares = np.full(FACES, 1 / FACES)

    def learn(self, faces: np.ndarray, rate: float) -> None:
        """One pass over the rolls."""
        for face in faces:
            self.shares *= 1 - rate
            self.shares[face - 1] += rate


def surprise(shares: np.ndarray, faces: np.ndarray) -> float:
    """Mean negative log-probability of the rolls."""
    return float(-np.log(shares[faces - 1]).mean())
