"""Train the network and write the predictions for the test clips, as the report's own.

    python predict.py DATA                       trains every seed, about two minutes each on one core
    python predict.py DATA --weights RUN         uses a finished run's folder (weights, config and metrics)

DATA holds inputs_train_fp16.npy, targets_train_int8.npy, inputs_test_fp16.npy and, unless they are hidden,
targets_test_int8.npy. The
environment is that of requirements.lock beside this file; the runs and their parameters are those of runs.json.
As in the report, the run with the least validation loss makes the predictions.
"""

from __future__ import annotations

import os

# Before torch starts: the number of threads can change the last digits.
os.environ.update({"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})

import argparse
import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "src"))

import torch

from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.tables import write_predictions
from spokenlang.errors import InputError
from spokenlang.study.comparison import best_by_validation
from spokenlang.study.evaluation import probabilities
from spokenlang.training.features import test_sets
from spokenlang.training.loop import train
from spokenlang.training.runs import TrainedRun, load_run, logits_of
from spokenlang.training.settings import TrainConfig
from spokenlang.training.techniques import switched_off

ROW = "six"  # of analysis/experiments.toml: the chosen network


def main() -> int:
    """Train or load, predict, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA", help="folder with the four .npy files")
    parser.add_argument("--weights", type=Path, metavar="RUN", help="folder of a finished run: skip the training")
    parser.add_argument("--out", type=Path, default=Path("predictions.csv"), help="file to write (predictions.csv)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    try:
        store = ClipStore.open(args.data)
        if args.weights:
            predict(load_run(args.weights), store, args.out)
        else:
            with tempfile.TemporaryDirectory(prefix="runs-") as folder:
                predict(best_by_validation(trained(store, Path(folder))), store, args.out)
    except InputError as error:
        print(f"predict.py: {error}", file=sys.stderr)
        return 2
    print(f"wrote {args.out}")
    return 0


def trained(store: ClipStore, folder: Path) -> list[TrainedRun]:
    """The report's runs of the chosen network, trained again."""
    if not (HERE / "runs.json").is_file():
        raise InputError("runs.json is missing beside this file; `make submission` packs both into the archive")
    runs = json.loads((HERE / "runs.json").read_text(encoding="utf-8"))["runs"]
    made = []
    for name, run in runs.items():
        if run["row"] != ROW:
            continue
        print(f"training {name} ...", flush=True)
        chosen = dict(run["parameters"])
        without, keep = chosen.pop("without"), chosen.pop("keep")
        config = TrainConfig.from_parameters(switched_off(chosen, without, keep))
        made.append(train(config, store, folder / name))
    return made


def predict(run: TrainedRun, store: ClipStore, out: Path) -> None:
    """Calibrated probabilities for every test clip."""
    if run.model is None:
        raise InputError(f"{run.folder}: no network's weights in this folder")
    clips = test_sets(run.config, store, run.model.front_end, ())["test"]
    logits = logits_of(run.model, clips).cpu().numpy()
    # Its calibration stands in metrics.json in full precision, and rounded in the weights.
    known = (run.folder / "metrics.json").is_file()
    temperature = run.temperature if known else float(run.model.temperature)
    write_predictions(out, probabilities(logits, temperature), run.languages, clips.index)


if __name__ == "__main__":
    sys.exit(main())
