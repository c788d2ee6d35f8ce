"""What the course's server does with hand-ins: `spokenlang score MODEL... FOLDER`.

The server loads a TorchScript file on the CPU, calls it clip by clip on a float32 tensor (1, samples) in evaluation
mode without gradients, and takes the argmax over its outputs, one a language. This calls it the same way, so a model
that passes here passes there, and says how sure the score is. Which output is which language the model's record says;
without one it is taken to answer in the order of the corpus, or of the assignment. Several models are ranked, each
compared on the same clips with the best.

    spokenlang corpus import recordings --out build/speech
    spokenlang score model.pt build/speech --splits train test
    spokenlang score groups/*/model.pt build/speech --out ranking.csv
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.export import load_torchscript
from spokenlang.deploy.tables import require_replaceable, write_table
from spokenlang.errors import InputError
from spokenlang.languages import CODES
from spokenlang.study import intervals
from spokenlang.study.intervals import Interval, Sample, Test


@dataclass(frozen=True)
class Score:
    """How often a model is right; intervals are over whole groups (speakers)."""

    accuracy: Interval  # share of the clips
    balanced: Interval  # mean over the languages of the share of their clips
    clips: int
    groups: int
    right: Sample  # clip by clip, to compare


@dataclass(frozen=True)
class Ranked:
    """A model among others."""

    model: str
    score: Score | None = None
    behind: Test | None = None  # accuracy of the best minus this one's, on the same clips; p for as many as there are
    fault: str = ""  # why there is no score


COLUMNS = ("rank", "model", "accuracy", "low", "high", "balanced", "points behind", "p", "fault")


def score(path: Path | str, store: ClipStore, splits: Sequence[str] = ("test",)) -> Score:
    """Score a TorchScript file on a store's clips, called as the server calls it.

    Raises:
        InputError: the file cannot be loaded, its answer is not one finite row with a number for each language, it does
            not know the corpus's languages, or the store lacks a split.
    """
    _require_splits(store, splits)
    model, about = load_torchscript(path)
    waves = [wave for split in splits for wave in store.inputs(split)]
    labels = np.concatenate([store.targets(split) for split in splits])
    groups = np.concatenate([store.groups(split) for split in splits])
    predicted = np.zeros_like(labels)
    with torch.no_grad():
        meant = _labels_of_outputs(path, about, _answer(model, waves[0], path).shape[1], store)
        for at, wave in enumerate(tqdm(waves, desc=Path(path).name, unit=" clips", disable=None)):
            predicted[at] = meant[int(_answer(model, wave, path, len(meant)).argmax(dim=1))]
    right = intervals.sample([predicted == labels], groups)
    balanced = intervals.interval(intervals.balanced(predicted == labels, labels, groups))
    return Score(intervals.interval(right), balanced, len(labels), len(np.unique(groups)), right)


def _require_splits(store: ClipStore, splits: Sequence[str]) -> None:
    for split in splits:
        if split not in store.names:
            raise InputError(f"{store.folder}: there is no split {split!r}; there are {', '.join(store.names)}")


def _labels_of_outputs(path: Path | str, about: dict[str, Any], outputs: int, store: ClipStore) -> list[int]:
    """The corpus's label of each output; -1 for a language that the corpus does not have."""
    unsaid = CODES if outputs == len(CODES) != len(store.languages) else store.languages
    known = about.get("languages", unsaid)
    if outputs != len(known):
        raise InputError(
            f"{path}: answers (1, {outputs}); the server wants finite (1, {len(known)}): {', '.join(known)}"
        )
    if unknown := [code for code in store.languages if code not in known]:
        raise InputError(f"{path}: knows {', '.join(known)}, and not {', '.join(unknown)} of {store.folder}")
    return [store.languages.index(code) if code in store.languages else -1 for code in known]


def _answer(model: torch.jit.ScriptModule, wave: np.ndarray, path: Path | str, outputs: int | None = None) -> Tensor:
    """One finite row (1, outputs), of as many outputs as the first clip was given."""
    try:
        answer = model(torch.from_numpy(wave.astype(np.float32)).unsqueeze(0))
    except RuntimeError as error:  # the model's own code, with its own trace
        reason = str(error).strip().splitlines()[-1]
        raise InputError(
            f"{path}: fails on a clip of {len(wave)} samples ({reason}); call it so before export"
        ) from None
    shape = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
    if not isinstance(answer, Tensor) or shape != (1, outputs or answer.shape[-1]) or not torch.isfinite(answer).all():
        raise InputError(f"{path}: answers {shape}; the server wants one finite row, a number a language")
    return answer


def rank(paths: Sequence[Path | str], store: ClipStore, splits: Sequence[str] = ("test",)) -> list[Ranked]:
    """Models by accuracy, the best first; those that the server could not score come last, with the reason.

    p-values are corrected after Bonferroni, for as many comparisons with the best as there are.
    """
    _require_splits(store, splits)
    scored: list[tuple[Score, str]] = []
    failed: list[Ranked] = []
    for path in paths:
        try:
            scored.append((score(path, store, splits), str(path)))
        except InputError as error:
            failed.append(Ranked(str(path), fault=str(error)))
    scored.sort(key=lambda each: -each[0].accuracy.value)
    tests = [intervals.compare(scored[0][0].right, found.right, (True, True)) for found, _ in scored[1:]]
    behind = [None, *(replace(test, p=min(1.0, test.p * len(tests))) for test in tests)]
    return [Ranked(path, found, behind=test) for (found, path), test in zip(scored, behind, strict=False)] + failed


def rows(ranking: Sequence[Ranked]) -> list[dict[str, object]]:
    """A ranking as a table of COLUMNS; what is not known is empty. Models with as many clips right share a rank."""
    values = [each.score.accuracy.value for each in ranking if each.score]
    found = []
    for each in ranking:
        row: dict[str, object] = {**dict.fromkeys(COLUMNS, ""), "model": each.model, "fault": each.fault}
        if each.score:
            share = each.score.accuracy
            row |= {"rank": 1 + sum(value > share.value for value in values), "accuracy": f"{share.value:.4f}"}
            row |= {
                "low": f"{share.low:.4f}",
                "high": f"{share.high:.4f}",
                "balanced": f"{each.score.balanced.value:.4f}",
            }
        if each.behind:
            row |= {"points behind": f"{100 * each.behind.difference.value:.1f}", "p": f"{each.behind.p:.3f}"}
        found.append(row)
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `spokenlang score`."""
    parser.add_argument("models", type=Path, nargs="+", metavar="model", help="TorchScript files, as handed in")
    parser.add_argument("folder", type=Path, help="clip store whose clips they are scored on")
    parser.add_argument("--splits", nargs="+", default=["test"], metavar="SPLIT", help="which clips (default: test)")
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write the ranking there as well")


def main(args: argparse.Namespace) -> int:
    """Print the accuracy that the server would find, and how sure it is; of several models, their ranking."""
    store = ClipStore.open(args.folder)
    if len(args.models) == 1 and not args.out:
        found = score(args.models[0], store, args.splits)
        for name, measured in (("accuracy", found.accuracy), ("balanced", found.balanced)):
            print(f"{name:9} {measured.value:.4f}  (95 %: {measured.low:.4f} to {measured.high:.4f})")
        print(f"{found.clips} clips of {found.groups} speakers or sources")
        return 0
    if args.out:
        require_replaceable(args.out, ",".join(COLUMNS))  # better now than when all are scored
    ranking = rank(args.models, store, args.splits)
    table = rows(ranking)
    if args.out:
        write_table(args.out, _as_csv(table))
    _show(table)
    best = ranking[0].score
    if best:
        print(f"{best.clips} clips of {best.groups} speakers or sources; p is corrected for all that are compared")
    return int(any(each.fault for each in ranking))


def _as_csv(table: Sequence[dict[str, object]]) -> list[str]:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue().splitlines()


def _show(table: Sequence[dict[str, object]]) -> None:
    """The table, as wide as its words; faults below it."""
    shown = [name for name in COLUMNS if name != "fault"]
    scored = [row for row in table if not row["fault"]]
    widths = {name: max(len(name), *(len(str(row[name])) for row in scored)) if scored else 0 for name in shown}
    head: dict[str, object] = dict(zip(shown, shown, strict=True))
    for row in [head, *scored] if scored else []:
        print("  ".join(f"{row[name]!s:{'<' if name == 'model' else '>'}{widths[name]}}" for name in shown))
    for row in table:
        if row["fault"]:
            print(f"no score: {row['fault']}")
