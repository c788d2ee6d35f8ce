"""`spokenlang predict`: predictions for arrays whose targets nobody tells."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from spokenlang.corpus.arrays import OTHER_RATES, RATE
from spokenlang.corpus.convert import Source, arrays_of, clips_of, two_dimensions
from spokenlang.corpus.ingest.decoding import RATES
from spokenlang.corpus.store import ClipStore, inputs_path
from spokenlang.deploy.classifier import Classifier
from spokenlang.deploy.predict import MODEL_HELP, default_model
from spokenlang.deploy.tables import write_predictions
from spokenlang.errors import InputError

_BATCH = 32


def predict(classifier: Classifier, source: Source, rate: int = RATE) -> tuple[np.ndarray, int]:
    """Probabilities of an array's clips, (clips, languages), and how many clips are silent.

    `InputError` for an array that holds no clips, or clips that are no sound.
    """
    clips = two_dimensions(source)
    answers, batch, silent = [], [], 0
    for clip in tqdm(clips_of(source, clips, rate), total=len(clips), unit=" clips", disable=None):
        batch.append(clip.astype(np.float32))
        silent += bool(np.ptp(clip) < 1e-6)
        if len(batch) == _BATCH:
            answers.append(_answer(classifier, batch))
            batch = []
    if batch:
        answers.append(_answer(classifier, batch))
    return np.concatenate(answers), silent


def _answer(classifier: Classifier, batch: list[np.ndarray]) -> np.ndarray:
    with torch.inference_mode():
        logits = classifier.model(torch.from_numpy(np.stack(batch)))
    return logits.double().softmax(1).numpy()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `spokenlang predict`."""
    parser.add_argument("inputs", type=Path, help="array of clips (.npy, .npz), or a corpus: its test set")
    parser.add_argument("--model", type=Path, metavar="PATH", help=MODEL_HELP)
    parser.add_argument("--out", type=Path, required=True, help="file to write: predictions.csv")
    parser.add_argument("--rate", type=int, help=f"samples per second of the array ({RATE})")


def main(args: argparse.Namespace) -> int:
    """Predict every clip; `InputError` if the array or the model is not what it should be."""
    model = args.model or default_model()
    if not model.exists():
        raise InputError(f"{model}: there is no such model; name a TorchScript file with --model")
    if args.out.is_dir() or not args.out.absolute().parent.is_dir():
        raise InputError(f"{args.out}: cannot be written there; name a file in a folder that exists")
    if args.rate is not None and not RATES[0] <= args.rate <= RATES[1]:
        raise InputError(f"--rate {args.rate}: speech is sampled at {RATES[0]} to {RATES[1]} Hz")
    source = _source(args.inputs)
    width = two_dimensions(source).shape[1]
    if args.rate is None and width in OTHER_RATES:
        raise InputError(
            f"{source.name}: {width} samples a clip are 5 s at {OTHER_RATES[width]} Hz or {width / RATE:g} s at "
            f"{RATE}; say which with --rate"
        )
    classifier = Classifier(model)
    probabilities, silent = predict(classifier, source, args.rate or RATE)
    write_predictions(args.out, probabilities, classifier.languages)
    if silent:
        print(
            f"warning: {silent} of {len(probabilities)} clips are silent; their predictions mean nothing",
            file=sys.stderr,
        )
    print(f"{args.out}: {len(probabilities)} clips")
    return 0


def _source(path: Path) -> Source:
    if path.is_dir():
        store = ClipStore.open(path)
        return Source(inputs_path(path, "test"), "", store.inputs("test"))
    if not path.is_file():
        raise InputError(f"{path}: there is no such array; name the inputs, a .npy or .npz file")
    found = list(arrays_of(path))
    if len(found) != 1:
        named = ", ".join(source.key for source in found)
        raise InputError(f"{path}: holds {len(found)} arrays ({named}); save the inputs alone")
    return found[0]
