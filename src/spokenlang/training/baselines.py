"""What the average spectrum alone gives away: two classical baselines in scikit-learn, without any deep
learning.

`mean_log_mel`: logistic regression on each band's mean over the clip: no time at all, only colour of voice
and room. `mfcc_statistics`: the same on means and deviations of 20 MFCCs and of their first differences. Both
see the features of the network's own front end, after loudness normalisation, and like it only what is heard.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.network.frontend import Cepstra, FrontEnd
from spokenlang.network.pauses import is_heard, masked_mean
from spokenlang.training.features import ClipSet, clip_set, languages_of, split_train, test_sets
from spokenlang.training.runs import Scores, TrainedRun, write_config, write_json, write_scores
from spokenlang.training.settings import TrainConfig


def mean_log_mel(log_mel: Tensor) -> Tensor:
    """(clips, frames, bands) -> (clips, bands): the long-term average spectrum."""
    return masked_mean(log_mel, is_heard(log_mel)).squeeze(1)


def mfcc_statistics(log_mel: Tensor, cepstra: int = 20) -> Tensor:
    """(clips, frames, bands) -> (clips, 4 * cepstra): mean, deviation of MFCCs and of their differences."""
    heard = is_heard(log_mel)
    mfcc = Cepstra(log_mel.shape[2], cepstra)(log_mel)
    parts = ((mfcc, heard), (mfcc.diff(dim=1), heard[:, 1:] * heard[:, :-1]))
    return torch.cat([summary for part, mask in parts for summary in _mean_and_deviation(part, mask)], dim=1)


def _mean_and_deviation(values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    mean = masked_mean(values, mask)
    return mean.squeeze(1), masked_mean((values - mean).square(), mask).sqrt().squeeze(1)


BASELINES: dict[str, Callable[[Tensor], Tensor]] = {
    "mean_log_mel": mean_log_mel,
    "mfcc_statistics": mfcc_statistics,
}


def train_baseline(
    name: str,
    config: TrainConfig,
    store: ClipStore,
    out: Path | str,
    known: Sequence[Path] = (),
    regularisation: float = 1.0,
) -> TrainedRun:
    """Fit a baseline on the clips that `config` would train on; writes a run's folder without weights and
    history.

    Args:
        name: a name of `BASELINES`.
        config: task, seed, split and front end are used; nothing else applies.
        known: folders with features of this corpus, as `loop.train` takes them.
        regularisation: scikit-learn's C, the inverse strength.

    Raises:
        InputError: the name is not known.
    """
    if name not in BASELINES:
        raise InputError(f"unknown baseline {name!r}: use {' or '.join(BASELINES)}")
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    languages, front_end = languages_of(config, store), FrontEnd(config.front_end)
    train_index, validation_index = split_train(config, store)
    clips = clip_set(config, store, "train", train_index, front_end, known)
    held_out = {"validation": clip_set(config, store, "train", validation_index, front_end, known)}
    classifier = _classifier(regularisation)
    summarise = BASELINES[name]
    classifier.fit(_table(summarise, clips), clips.labels.numpy())

    def scores(part: ClipSet) -> Scores:
        logits = classifier.decision_function(_table(summarise, part))
        logits = logits.reshape(len(part), -1).astype(np.float32)
        return Scores(logits, part.labels.numpy(), part.index)

    held_out |= test_sets(config, store, front_end, known)
    found = {split: scores(part) for split, part in held_out.items()}
    regression = classifier[-1]
    about = {
        "model": name, "task": config.task, "steps": 0, "training_clips": len(clips),
        "parameters": regression.coef_.size + regression.intercept_.size,
    }  # fmt: skip
    write_scores(found, out, about)
    write_config(out, config, languages)
    write_json(out / "timing.json", {"seconds": time.perf_counter() - started, "device": "cpu"})
    return TrainedRun(out, config, None, languages)


def _classifier(regularisation: float) -> Pipeline:
    """Logistic regression on standardised columns, to which every language weighs the same."""
    regression = LogisticRegression(C=regularisation, max_iter=2000, class_weight="balanced")
    return make_pipeline(StandardScaler(), regression)


def _table(summarise: Callable[[Tensor], Tensor], clips: ClipSet) -> np.ndarray:
    parts = [summarise(clips.features[at : at + 4096]) for at in range(0, len(clips), 4096)]
    return torch.cat(parts).double().numpy()
