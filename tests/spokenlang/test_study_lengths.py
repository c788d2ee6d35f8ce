"""Confidence at a clip length: the calibration error without the part that chance adds."""

import numpy as np
import pytest

from spokenlang.study import evaluation
from spokenlang.study.lengths import ece_beyond_chance


def _answers(clips: int, over: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Labels (clips,) and probabilities (clips, 3) whose largest is `over` above the chance of being right."""
    random = np.random.default_rng(seed)
    right = random.uniform(0.5, 0.8, clips)
    sure = right + over
    labels = np.where(random.random(clips) < right, 0, 1)
    return labels, np.stack([sure, (1 - sure) / 2, (1 - sure) / 2], axis=1)


@pytest.mark.parametrize("clips", [40, 200, 1000])
def test_a_calibrated_network_is_about_zero_however_few_the_clips(clips: int) -> None:
    pairs = [_answers(clips, 0, seed) for seed in range(20)]
    plain = np.mean([evaluation.ece(*pair) for pair in pairs])
    debiased = np.mean([ece_beyond_chance(*pair) for pair in pairs])
    assert abs(debiased) < 0.4 * plain


@pytest.mark.parametrize("over", [0.1, 0.19])
def test_overconfidence_stays(over: float) -> None:
    assert ece_beyond_chance(*_answers(4000, over)) == pytest.approx(over, abs=0.03)
