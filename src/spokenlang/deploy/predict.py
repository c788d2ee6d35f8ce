"""`spokenlang classify`: which language is spoken in audio files of any length, rate and channel count."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from spokenlang.deploy import timeline
from spokenlang.deploy.classifier import Classifier, Verdict
from spokenlang.errors import InputError
from spokenlang.language_names import describe

MODEL_HELP = "TorchScript model (default: the report's); its code is run, so name only what you trust"
DEFAULT_REPORT = Path("reports/espeak-full")


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
    parser.add_argument("--model", type=Path, metavar="PATH", help=MODEL_HELP)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--languages", default="", metavar="en,es", help="only these may be spoken (default: all)")
    parser.add_argument(
        "--always-answer", action="store_true",
        help="never say unknown: by default a clip that the model is less sure of than of 95 %% of its own validation "
        "clips of five seconds; many clips in other languages still pass, and few short clips are caught",
    )  # fmt: skip
    parser.add_argument(
        "--timeline", type=Path, metavar="FOLDER", help="what is spoken when: a CSV file and a picture of each there"
    )


def main(args: argparse.Namespace) -> int:
    """Classify every file; 1 if any could not be read."""
    torch.set_num_threads(1)  # one clip at a time is too little work to share
    path = args.model or default_model()
    if not path.exists():
        raise InputError(f"{path}: there is no such model; name a TorchScript file with --model")
    classifier = Classifier(path, [name for name in args.languages.split(",") if name.strip()], args.always_answer)
    if not classifier.about:
        print(
            f"warning: {path} says not what it is; a TorchScript file is code, so use it only if you trust its source",
            file=sys.stderr,
        )
    if classifier.about.get("synthetic"):
        print(
            f"warning: {path} was trained on synthetic speech; how it does on people is another matter",
            file=sys.stderr,
        )
    said = (
        _timelines(args, classifier) if args.timeline else lambda file: _verdict(classifier.classify(file), args.json)
    )
    failed = 0
    for file in args.files:
        try:
            for line in said(file):
                print(line, flush=True)
        except InputError as error:
            print(f"spokenlang classify: {error}", file=sys.stderr)
            failed += 1
    return 1 if failed else 0


def _verdict(found: Verdict, as_json: bool) -> list[str]:
    if found.silent:
        print(f"warning: {found.file}: silent; there is no speech to judge", file=sys.stderr)
    _warn_of_damage(found.file, found.damage)
    return [found.json() if as_json else _line(found)]


def _timelines(args: argparse.Namespace, classifier: Classifier) -> Callable[[Path], list[str]]:
    places = timeline.outputs(args.timeline, args.files)

    def traced(file: Path) -> list[str]:
        found = timeline.trace(classifier, file)
        _warn_of_damage(found.file, found.damage)
        timeline.write(found, places[file])
        return [json.dumps(timeline.as_dict(found))] if args.json else list(timeline.lines(found))

    return traced


def _warn_of_damage(file: str, damage: str) -> None:
    if damage:
        print(f"warning: {file}: cut short or damaged ({damage})", file=sys.stderr)


def _line(verdict: Verdict) -> str:
    if verdict.silent:
        return f"{verdict.file}: silent ({verdict.duration_s:g} s)"
    (first, sure), *rest = sorted(verdict.probabilities.items(), key=lambda item: -item[1])
    others = "  ".join(f"{code} {p:.0%}" for code, p in rest)
    said = f"{describe(first).name} {sure:.0%}"
    if verdict.unknown:
        return f"{verdict.file}: unknown ({verdict.duration_s:g} s; most like {said}  {others})"
    return f"{verdict.file}: {said} ({verdict.duration_s:g} s; {others})"
