"""`spokenlang search`: hyper-parameters, on as many processes and machines as there are.

spokenlang search CORPUS STUDY --trials 40 --set epochs=5

Run the same line several times, on any machines that see both folders, to share the work of one study.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from spokenlang.commands.train import choose_device, parse_parameters
from spokenlang.corpus.store import ClipStore
from spokenlang.training.search import best, search
from spokenlang.training.settings import TrainConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `spokenlang search`."""
    parser.add_argument("corpus", type=Path, metavar="CORPUS", help="folder of the clip store")
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of the study; begun, continued or joined")
    parser.add_argument("--trials", type=int, default=40, metavar="N", help="finished trials to end with (default 40)")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", dest="parameters", help="what all trials share, epochs=5"
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"), help="where to train")


def main(args: argparse.Namespace) -> int:
    """Search, and print the best trial beside the configuration that was given."""
    config = TrainConfig.from_parameters(parse_parameters(args.parameters))
    store = ClipStore.open(args.corpus)
    trials = search(config, store, args.study, args.trials, choose_device(args.device))
    found = best(trials)
    print(f"as given: loss {trials[0].loss:.4f}, accuracy {trials[0].accuracy:.4f}")
    print(f"best of {len(trials)}: loss {found.loss:.4f}, accuracy {found.accuracy:.4f}")
    print(" ".join(f"{name}={value:.4g}" for name, value in found.parameters.items()))
    return 0
