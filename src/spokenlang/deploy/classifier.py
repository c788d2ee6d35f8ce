"""A trained model and what it makes of a recording of any length, rate and channel count."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from spokenlang.corpus.ingest.decoding import RATE, Decoding
from spokenlang.corpus.ingest.names import shown
from spokenlang.deploy.export import load_torchscript
from spokenlang.errors import InputError
from spokenlang.language_names import resolve
from spokenlang.languages import CODES
from spokenlang.network.pauses import DEPTH_DB

WINDOW_S = 10  # long recordings are judged in windows of this length, so memory stays flat
FAINT = 10 ** (-DEPTH_DB / 20)  # a window so much fainter than the file's loudest is its background, not speech
QUIET = 1e-6  # peak below which there is nothing to hear


@dataclass(frozen=True)
class Verdict:
    """What the model makes of one file."""

    file: str
    prediction: str  # language code
    probabilities: dict[str, float]  # by language code, summing to 1
    duration_s: float
    silent: bool  # no speech to hear: the prediction means nothing
    unknown: bool = False  # less sure than nearly all clips of the model's own languages: perhaps it is none of them
    damage: str = ""  # why the file is taken to be cut short or damaged; what can be decoded was judged

    def json(self) -> str:
        """The object of `--json`, on one line."""
        told = ("file", "prediction", "probabilities", "duration_s", "silent", "unknown")
        return json.dumps({**{name: getattr(self, name) for name in told}, "truncated": bool(self.damage)})


class Classifier:
    """A TorchScript model of any languages with its record; without one it is taken to know the assignment's six."""

    def __init__(self, path: Path, candidates: Sequence[str] = (), always: bool = False) -> None:
        """``candidates`` are the only languages that may be spoken; ``always`` calls no clip unknown.

        Raises:
            InputError: the file cannot be used, or does not know a candidate.
        """
        self.model, self.about = load_torchscript(path)
        known = tuple(self.about.get("languages", CODES))
        try:
            with torch.inference_mode():
                classes = self.model(torch.zeros(1, RATE)).shape[-1]
        except (RuntimeError, AttributeError, IndexError, TypeError) as error:  # the model's own code, with its trace
            reason = str(error).strip().splitlines()[-1]
            raise InputError(f"{path}: fails on a second of silence ({reason}); export it again") from None
        if classes != len(known):
            raise InputError(
                f"{path}: the model answers {classes} numbers for {len(known)} languages ({', '.join(known)}); "
                "classify needs one a language: a model of the task six whose record names its languages"
            )
        self.languages = _restricted(known, candidates)
        self.chosen = [known.index(code) for code in self.languages]
        self.unknown_below = 0.0 if always else _threshold(path, self.about)

    def classify(self, path: Path) -> Verdict:
        """Judge one file: the mean over its windows of the log-probabilities, weighted by the speech in them.

        Raises:
            InputError: the file cannot be read, or holds no samples or samples that are no sound.
        """
        judged, samples, peak = [], 0, 0.0
        decoding = Decoding(path)
        for window in windows(iter(decoding)):
            batch = torch.from_numpy(window).unsqueeze(0)
            judged.append([column[0] for column in (self._all_answers(batch), *self.heard(batch))])
            samples += len(window)
            peak = max(peak, float(np.abs(window).max()))
        if not samples:
            raise InputError(f"{path}: holds no sound; leave it out")
        answers, heard, level = (torch.stack(column).double() for column in zip(*judged, strict=True))
        weight = heard * (level >= level.max() * FAINT)
        answer = weight @ answers / weight.sum().clamp(min=1)
        # How sure the model is of anything is judged among all that it knows: of two candidates one is always likely.
        unknown = float(answer.softmax(0).max()) < self.unknown_below
        probability = answer[self.chosen].softmax(0).tolist()
        best = int(np.argmax(probability))
        by_code = dict(zip(self.languages, probability, strict=True))
        silent = peak < QUIET or not float(weight.sum())
        return Verdict(shown(path), self.languages[best], by_code, round(samples / RATE, 3), silent,
                       unknown and not silent, decoding.short)  # fmt: skip

    def answers(self, windows: torch.Tensor) -> torch.Tensor:
        """Log-probabilities of windows (batch, time) among the candidates, (batch, languages)."""
        return self._all_answers(windows)[:, self.chosen].log_softmax(1)

    def _all_answers(self, windows: torch.Tensor) -> torch.Tensor:
        """Log-probabilities of windows (batch, time) among all that the model knows, (batch, classes)."""
        with torch.inference_mode():
            return self.model(windows).log_softmax(1)

    def heard(self, windows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Samples of speech in windows (batch, time), and its level, both (batch,)."""
        if not hasattr(self.model, "heard"):  # exported before models told pauses apart
            return torch.full((len(windows),), windows.shape[1]), torch.ones(len(windows))
        with torch.inference_mode():
            samples, level = self.model.heard(windows).unbind(1)
            return samples, level


def _threshold(path: Path, about: dict[str, Any]) -> float:
    """The least probability of an answer that is no "unknown"; 0 for a model that was exported without one."""
    found = about.get("unknown_below", 0.0)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        raise InputError(
            f"{path}: its record has unknown_below {found!r}; a number from 0 to 1 is wanted; export it again"
        )
    return float(found)


def _restricted(known: Sequence[str], candidates: Sequence[str]) -> tuple[str, ...]:
    """Of the languages that a model knows those that may be spoken, all where none are named; in its own order."""
    named = {name: resolve(name) for name in candidates}
    for name, code in named.items():
        if code not in known:
            raise InputError(f"--languages {name}: the model knows {', '.join(known)} only")
    if candidates and len(set(named.values())) < 2:
        raise InputError("--languages: name at least two, such as en,es; between one there is nothing to choose")
    return tuple(code for code in known if not candidates or code in named.values())


def windows(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Windows of `WINDOW_S`; what is left at the end joins the last, so none is too short to judge by."""
    size = WINDOW_S * RATE
    waiting = np.empty(0, np.float32)
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        while len(waiting) >= 2 * size:
            yield waiting[:size]
            waiting = waiting[size:]
    if len(waiting):
        yield waiting
