"""Does a teacher help? The reported network taught by labels alone, by an ensemble and by a wide network besides.

    python benchmarks/bench_distillation.py [CORPUS] [--epochs 14] [--seeds 0 1] [--threads 2]

The teachers are trained here, from scratch, on the same clips: three networks of the reported kind (other seeds), and
one of twice its width. A student sees random views of the clips as ever; its targets are the labels and, for the other
half of the loss, what the teacher says of the same view (Hinton, Vinyals and Dean 2015). Judged on validation speakers;
the test set is not read. Prints one JSON object a line.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import measured
import numpy as np
import torch
from built import chosen, corpus
from torch import Tensor

from spokenlang.corpus.store import ClipStore
from spokenlang.network.models import LanguageModel, parameter_count
from spokenlang.study import evaluation, intervals
from spokenlang.training.loop import Loop
from spokenlang.training.runs import logits_of
from spokenlang.training.search import Bench
from spokenlang.training.settings import TrainConfig

SHARE = 0.5  # of the loss, for what the teacher says


class Taught(Loop):
    """A training whose second target is the mean probability that the teachers give."""

    def __init__(self, teachers: Sequence[LanguageModel], *rest: Any) -> None:
        super().__init__(*rest)
        self.teachers = teachers

    def _views(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        view, labels, others, weight = super()._views(rows)
        if self.teachers:
            with torch.no_grad():
                said = [teacher.network(teacher.front_end.normalise(view)).softmax(dim=1) for teacher in self.teachers]
            others, weight = torch.stack(said).mean(dim=0), torch.full_like(weight, 1 - SHARE)
        return view, labels, others, weight


def tell(
    bench: Bench,
    groups: np.ndarray,
    name: str,
    answers: list[np.ndarray],
    against: list[np.ndarray],
    about: dict[str, object],
) -> None:
    """Print accuracy and loss on validation, mean over ``answers`` (logits of each seed), and the difference."""
    labels = bench.validation.labels.numpy()
    right = [evaluation.predictions(logits) == labels for logits in answers]
    of = intervals.sample(right, groups)
    found = intervals.interval(of)
    line = {
        "network": name,
        "validation_accuracy": [round(number, 4) for number in (found.value, found.low, found.high)],
        "validation_loss": round(float(np.mean([evaluation.nll(labels, logits) for logits in answers])), 4),
        **about,
    }
    if against:
        plain = [evaluation.predictions(logits) == labels for logits in against]
        test = intervals.compare(of, intervals.sample(plain, groups))
        gain, p = test.difference, test.p
        line |= {"ahead_by": [round(number, 4) for number in (gain.value, gain.low, gain.high)], "p": round(p, 4)}
    measured.tell(**line)


def main() -> None:
    parser = measured.arguments(__doc__)
    parser.add_argument("corpus", type=Path, nargs="?", help="default: that of the full report, once built")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--threads", type=int, default=2)
    args = measured.parse(parser, epochs=1, seeds=[0])
    torch.set_num_threads(args.threads)
    store = ClipStore.open(corpus(args.corpus))
    bench = Bench(TrainConfig.from_parameters({**chosen(), "epochs": args.epochs}), store)
    told = partial(tell, bench, store.groups("train")[bench.validation.index])

    def students(teachers: Sequence[LanguageModel]) -> list[np.ndarray]:
        models = [bench.trained({"seed": seed}, partial(Taught, teachers)) for seed in args.seeds]
        return [logits_of(model, bench.validation).numpy() for model in models]

    plain = students(())
    told("labels alone", plain, [], {"seeds": len(plain)})
    for name, teacher, seeds in (
        ("ensemble of three", {}, (100, 101, 102)),
        ("twice the width", {"channels": 144, "embedding": 256}, (100,)),
    ):
        started = time.perf_counter()
        teachers = [bench.trained({**teacher, "seed": seed}) for seed in seeds]
        about = {"weights": sum(map(parameter_count, teachers)), "seconds": round(time.perf_counter() - started)}
        said = torch.stack([logits_of(model, bench.validation).softmax(dim=1) for model in teachers]).mean(dim=0)
        told(f"teacher: {name}", [said.log().numpy()], plain, about)
        taught = students(teachers)
        told(f"taught by {name}", taught, plain, {"seeds": len(taught)})


if __name__ == "__main__":
    main()
