"""`spokenlang classify`: which language is spoken in audio files of any length, rate and channel count."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from spokenlang.corpus.ingest.decoding import RATE, Decoding
from spokenlang.corpus.ingest.names import shown
from spokenlang.deploy.export import load_torchscript
from spokenlang.errors import InputError
from spokenlang.language_names import describe
from spokenlang.languages import CODES
from spokenlang.network.pauses import DEPTH_DB

WINDOW_S = 10  # long recordings are judged in windows of this length, so memory stays flat
FAINT = 10 ** (-DEPTH_DB / 20)  # a window so much fainter than the file's loudest is its background, not speech
QUIET = 1e-6  # peak below which there is nothing to hear
DEFAULT_REPORT = Path("reports/espeak-full")


@dataclass(frozen=True)
class Verdict:
    """What the model makes of one file."""

    file: str
    prediction: str  # language code
    probabilities: dict[str, float]  # by language code, summing to 1
    duration_s: float
    silent: bool  # no speech to hear: the prediction means nothing
    damage: str = ""  # why the file is taken to be cut short or damaged; what can be decoded was judged

    def json(self) -> str:
        """The object of `--json`, on one line."""
        told = ("file", "prediction", "probabilities", "duration_s", "silent")
        return json.dumps({**{name: getattr(self, name) for name in told}, "truncated": bool(self.damage)})


class Classifier:
    """A TorchScript model of the six languages with its record."""

    def __init__(self, path: Path) -> None:
        self.model, self.about = load_torchscript(path)
        self.languages = tuple(self.about.get("languages", CODES))
        with torch.inference_mode():
            classes = self.model(torch.zeros(1, RATE)).shape[-1]
        if classes != len(self.languages):
            raise InputError(
                f"{path}: the model answers {classes} numbers for {len(self.languages)} languages; "
                "classify needs a model of the task six"
            )

    def classify(self, path: Path) -> Verdict:
        """Judge one file: the mean over its windows of the log-probabilities, weighted by the speech in them.

        Raises:
            InputError: the file cannot be read, or holds no samples or samples that are no sound.
        """
        judged, samples, peak = [], 0, 0.0
        decoding = Decoding(path)
        for window in windows(iter(decoding)):
            judged.append(self._judge(torch.from_numpy(window).unsqueeze(0)))
            samples += len(window)
            peak = max(peak, float(np.abs(window).max()))
        if not samples:
            raise InputError(f"{path}: holds no sound; leave it out")
        answers, heard, level = (torch.stack(column).double() for column in zip(*judged, strict=True))
        weight = heard * (level >= level.max() * FAINT)
        probability = (weight @ answers / weight.sum().clamp(min=1)).softmax(0).tolist()
        best = int(np.argmax(probability))
        by_code = dict(zip(self.languages, probability, strict=True))
        silent = peak < QUIET or not float(weight.sum())
        return Verdict(shown(path), self.languages[best], by_code, round(samples / RATE, 3), silent, decoding.short)

    def _judge(self, window: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Log-probabilities of a window (1, time), samples of speech in it, and how loud they are."""
        with torch.inference_mode():
            answer = self.model(window)[0].log_softmax(0)
            if hasattr(self.model, "heard"):
                return answer, *self.model.heard(window)[0].unbind()
        return answer, torch.tensor(window.shape[1]), torch.tensor(1.0)  # exported before models told pauses apart


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


def default_model(root: Path = Path(".")) -> Path:
    """The model of the full report on the default corpus, else of the newest report."""
    preferred = root / DEFAULT_REPORT / "model.pt"
    if preferred.exists():
        return preferred
    found = sorted((root / "reports").glob("*/model.pt"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise InputError("no trained model under reports/; run `make report` first, or name one with --model")
    return found[-1]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `spokenlang classify`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="audio files: WAV, FLAC, Ogg, MP3 ...")
    parser.add_argument("--model", type=Path, metavar="PATH", help="TorchScript model (default: the report's)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def main(args: argparse.Namespace) -> int:
    """Classify every file; 1 if any could not be read."""
    torch.set_num_threads(1)  # one clip at a time is too little work to share
    path = args.model or default_model()
    if not path.exists():
        raise InputError(f"{path}: there is no such model; name a TorchScript file with --model")
    classifier = Classifier(path)
    if classifier.about.get("synthetic"):
        print(
            f"warning: {path} was trained on synthetic speech; how it does on people is another matter",
            file=sys.stderr,
        )
    failed = 0
    for file in args.files:
        try:
            verdict = classifier.classify(file)
        except InputError as error:
            print(f"spokenlang classify: {error}", file=sys.stderr)
            failed += 1
            continue
        if verdict.silent:
            print(f"warning: {verdict.file}: silent; there is no speech to judge", file=sys.stderr)
        if verdict.damage:
            print(f"warning: {verdict.file}: cut short or damaged ({verdict.damage})", file=sys.stderr)
        print(verdict.json() if args.json else _line(verdict), flush=True)
    return 1 if failed else 0


def _line(verdict: Verdict) -> str:
    if verdict.silent:
        return f"{verdict.file}: silent ({verdict.duration_s:g} s)"
    (first, sure), *rest = sorted(verdict.probabilities.items(), key=lambda item: -item[1])
    others = "  ".join(f"{code} {p:.0%}" for code, p in rest)
    return f"{verdict.file}: {describe(first).name} {sure:.0%} ({verdict.duration_s:g} s; {others})"


def require_replaceable(path: Path, header: str) -> None:
    """`InputError` if a file is there that is no table with that header."""
    try:
        with path.open("rb") as file:
            ours = file.read(len(header)) == header.encode()
    except FileNotFoundError:
        ours = not path.is_symlink()
    except OSError:
        ours = False
    if not ours:
        raise InputError(f"{path}: is there already and holds something else; choose another --out")


def write_predictions(
    path: Path, probabilities: np.ndarray, clips: np.ndarray | None = None, languages: Sequence[str] = CODES
) -> None:
    """Write `predictions.csv`: clip (index in the test arrays), prediction (code), one probability a
    language.

    Args:
        probabilities: (clips, languages) in the order of `languages`.
        clips: (clips,) indices; 0, 1, 2 ... where none are given.
        languages: codes in label order.
    """
    rows = ["clip,prediction," + ",".join(languages)]
    for number, row in zip(range(len(probabilities)) if clips is None else clips, probabilities, strict=True):
        rows.append(f"{number},{languages[int(np.argmax(row))]}," + ",".join(f"{value:.6f}" for value in row))
    write_table(path, rows)


def write_table(path: Path, rows: Sequence[str]) -> None:
    """Write the lines of a CSV file, its header first, over nothing but a file with that header."""
    require_replaceable(path, rows[0])
    beside = path.with_name(path.name + ".partial")
    beside.write_text("\n".join(rows) + "\n", encoding="utf-8")
    beside.replace(path)
