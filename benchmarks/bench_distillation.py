"""Does a teacher help? The reported network taught by labels alone, by an ensemble and by a wide network besides.

    python benchmarks/bench_distillation.py [CORPUS] [--epochs 14] [--seeds 0 1] [--threads 2]

The teachers are trained here, from scratch, on the same clips: three networks of the reported kind (other seeds), and
one of twice its width. A student sees random views of the clips as ever; its targets are the labels and, for the other
half of the loss, what the teacher says of the same view (Hinton, Vinyals and Dean 2015). Judged on validation speakers;
the test set is not read. Prints one JSON object a line.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from built import corpus
from torch import Tensor

from spokenlang import evaluation
from spokenlang.corpus.store import ClipStore
from spokenlang.distributed import Group
from spokenlang.features import clip_set, split_train
from spokenlang.models import LanguageModel, build_model, parameter_count
from spokenlang.runs import logits_of
from spokenlang.settings import TrainConfig
from spokenlang.training import Loop

SHARE = 0.5  # of the loss, for what the teacher says


class Taught(Loop):
    """A training whose second target is the mean probability that the teachers give."""

    teachers: Sequence[LanguageModel] = ()

    def _views(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        view, labels, others, weight = super()._views(rows)
        if self.teachers:
            with torch.no_grad():
                said = [teacher.network(teacher.front_end.normalise(view)).softmax(dim=1) for teacher in self.teachers]
            others, weight = torch.stack(said).mean(dim=0), torch.full_like(weight, 1 - SHARE)
        return view, labels, others, weight


class Bench:
    """One corpus, split as every run splits it."""

    def __init__(self, store: ClipStore, epochs: int) -> None:
        self.store, self.epochs = store, epochs
        config = self.config({})
        front_end = build_model(config.task, config.network, config.front_end).front_end
        self.clips, self.validation = (
            clip_set(config, store, "train", index, front_end) for index in split_train(config, store)
        )
        self.groups = store.groups("train")[self.validation.index]
        self.labels = self.validation.labels.numpy()

    def config(self, parameters: dict[str, object]) -> TrainConfig:
        return TrainConfig.from_parameters({"epochs": self.epochs, **parameters})

    def trained(self, parameters: dict[str, object], teachers: Sequence[LanguageModel] = ()) -> LanguageModel:
        """A network, trained with or without teachers."""
        config = self.config(parameters)
        torch.manual_seed(config.seed)
        model = build_model(config.task, config.network, config.front_end)
        model.front_end.fit_corpus(self.clips.features)
        loop = Taught(config, model, self.clips, self.validation, Group(), self.store)
        loop.teachers = teachers
        with tempfile.TemporaryDirectory() as place:
            loop.run(Path(place) / "checkpoint.safetensors")
        return model.eval()

    def tell(self, name: str, answers: list[np.ndarray], against: list[np.ndarray], about: dict[str, object]) -> None:
        """Print accuracy and loss on validation, mean over ``answers`` (logits of each seed), and the difference."""
        right = [evaluation.predictions(logits) == self.labels for logits in answers]
        found = evaluation.bootstrap(right, self.groups)
        line = {
            "network": name,
            "validation_accuracy": [round(number, 4) for number in (found.value, found.low, found.high)],
            "validation_loss": round(float(np.mean([evaluation.nll(self.labels, logits) for logits in answers])), 4),
            **about,
        }
        if against:
            plain = [evaluation.predictions(logits) == self.labels for logits in against]
            gain, p = evaluation.paired_bootstrap(right, plain, self.groups)
            line |= {"ahead_by": [round(number, 4) for number in (gain.value, gain.low, gain.high)], "p": round(p, 4)}
        print(json.dumps(line), flush=True)

    def logits(self, model: LanguageModel) -> np.ndarray:
        return logits_of(model, self.validation).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", help="default: that of the full report, once built")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    bench = Bench(ClipStore.open(corpus(args.corpus)), args.epochs)

    def students(teachers: Sequence[LanguageModel]) -> list[np.ndarray]:
        return [bench.logits(bench.trained({"seed": seed}, teachers)) for seed in args.seeds]

    plain = students(())
    bench.tell("labels alone", plain, [], {"seeds": len(plain)})
    for name, teacher, seeds in (
        ("ensemble of three", {}, (100, 101, 102)),
        ("twice the width", {"channels": 144, "embedding": 256}, (100,)),
    ):
        started = time.perf_counter()
        teachers = [bench.trained({**teacher, "seed": seed}) for seed in seeds]
        about = {"weights": sum(map(parameter_count, teachers)), "seconds": round(time.perf_counter() - started)}
        said = torch.stack([logits_of(model, bench.validation).softmax(dim=1) for model in teachers]).mean(dim=0)
        bench.tell(f"teacher: {name}", [said.log().numpy()], plain, about)
        taught = students(teachers)
        bench.tell(f"taught by {name}", taught, plain, {"seeds": len(taught)})


if __name__ == "__main__":
    main()
