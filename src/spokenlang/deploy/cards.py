"""What goes with a model and with a corpus when they are passed on: a model card and a data card.

Both are Markdown with the metadata block that model hubs read (Mitchell et al. 2019, Model cards for model reporting;
Gebru et al. 2021, Datasheets for datasets). Every number in them is measured here, from the runs and the corpus at
hand, and each accuracy has its interval; what a corpus does not tell is said to be unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import yaml

from spokenlang.corpus.store import ClipStore
from spokenlang.language_names import describe
from spokenlang.network.models import ARCHITECTURES
from spokenlang.study import comparison, strangers
from spokenlang.study.comparison import Row
from spokenlang.study.corpus_facts import listed
from spokenlang.study.intervals import Interval
from spokenlang.training.runs import TrainedRun

LICENCE = "mit"
SYNTHETIC = (
    "All speech is synthetic (espeak-ng, sentences of frequent words). What is measured on it compares designs; it "
    "does not say how well people are understood."
)
SPLITS = {
    "train": "training, validation included",
    "test": "test",
    "dialects": "dialects that training never heard",
}
_NO_CODE = str.maketrans("`|", "  ")


def model_card(runs: Sequence[TrainedRun], best: TrainedRun, store: ClipStore, corpus: str, synthetic: bool) -> str:
    """The card of `best`, one of the runs (seeds) of a setting, measured on the corpus that they were trained on."""
    codes, corpus = best.languages, _line(corpus)
    measured = [split for split in ("test", "dialects") if split in best.splits]
    parts = [
        _metadata(_model_metadata(runs, store, corpus, measured)),
        f"# Which of {len(codes)} languages is spoken: {_plain(best.config.network.model)}",
        f"A network of {best.metrics['parameters']:,} weights, trained from scratch on the corpus {_code(corpus)}. It "
        f"takes {store.rate} Hz mono speech of any length and answers with the probabilities of {_named(codes)}.",
        *([f"**{SYNTHETIC}**"] if synthetic else []),
        "## How to use it",
        "```sh\nspokenlang classify recording.wav --model model.pt\n```",
        "In Python, `torch.jit.load('model.pt')` takes float32 samples (batch, time) and gives logits (batch, "
        f"{len(codes)}); `probabilities` gives what they mean. All pre-processing is inside.",
        "## What it is for, and what not",
        f"It tells {_named(codes)} apart, in recordings like those that it was trained on. It is no judge of people: "
        "not of where somebody comes from, nor for decisions about them.",
        "- It names one of its languages whatever it hears: another language, music and noise too.",
        "- Voices, dialects, rooms and microphones unlike those of its corpus are recognised less well, by how much "
        "the tables below say where the corpus can tell.",
        "## How it was trained",
        _table(("setting", "value"), _training_rows(best)),
        "## How it was measured",
        f"Mean over {_counted(len(runs), 'seed')}; 95 % intervals are over {comparison.unit(store)}"
        f"{' and seeds' if len(runs) > 1 else ''}. The test set chose nothing.",
        *(_evaluation(runs, best, store, measured) or ["The test set has no targets, so nothing was measured on it."]),
        "## Calibration",
        _calibration(runs, best, measured),
    ]
    return "\n\n".join(parts) + "\n"


def data_card(store: ClipStore, corpus: str, synthetic: bool) -> str:
    """The card of a corpus."""
    seconds, corpus = store.samples / store.rate, _line(corpus)
    total = sum(len(store.inputs(split)) for split in store.names)
    parts = [
        _metadata({
            "language": list(store.languages), "pretty_name": corpus, "task_categories": ["audio-classification"],
            "tags": ["spoken-language-identification"], "size_categories": [_size(total)],
        }),
        f"# {_plain(corpus)}",
        f"{total:,} clips of {seconds:g} s at {store.rate} Hz, {total * seconds / 3600:.1f} h: "
        f"{_named(store.languages)}.",
        *([f"**{SYNTHETIC}**"] if synthetic else []),
        "## What is in it",
        _table(("split", *store.languages, "clips", "voices"), _composition(store)),
        "Voices are the groups of `clips.csv`: speakers or videos." if store.has_groups else
        "Who speaks is not known, so the same voices may be in every split.",
        "## What is known of each clip",
        _known(store),
        "## How it is stored",
        "`inputs_<split>_fp16.npy` (clips, samples) float16 and `targets_<split>_int8.npy` (clips,), labels in the "
        f"order of the languages above. Fingerprint {_code(store.fingerprint[:16])}.",
        "## Licence",
        "The corpus is made by the project's own recipe; its sentences are drawn from wordfreq (CC BY-SA 4.0) and "
        "spoken by espeak-ng (GPL-3.0-or-later)." if synthetic else
        "The licence is that of the recordings that the corpus was made of; it is not known here.",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _model_metadata(
    runs: Sequence[TrainedRun], store: ClipStore, corpus: str, measured: Iterable[str]
) -> dict[str, Any]:
    found = [
        {
            "task": {"type": "audio-classification"},
            "dataset": {"name": f"{corpus}, {SPLITS[split]}", "type": corpus, "split": split},
            "metrics": [
                {"type": "accuracy", "value": round(comparison.accuracy(runs, store, split).value, 4)},
                {
                    "type": "f1",
                    "name": "macro-F1",
                    "value": round(comparison.statistic(runs, "macro_f1", split).value, 4),
                },
            ],
        }
        for split in measured
    ]
    return {
        "language": list(runs[0].languages), "license": LICENCE, "pipeline_tag": "audio-classification",
        "library_name": "pytorch", "tags": ["spoken-language-identification", "8-khz"], "metrics": ["accuracy", "f1"],
        **({"model-index": [{"name": runs[0].config.network.model, "results": found}]} if found else {}),
    }  # fmt: skip


def _training_rows(best: TrainedRun) -> list[tuple[str, str]]:
    config = best.config
    return [
        ("design", ARCHITECTURES[config.network.model].about),
        ("training clips", f"{best.metrics['training_clips']:,}, validation left out"),
        ("epochs, batch", f"{config.epochs}, {config.batch_size}"),
        ("optimiser, peak rate", f"{config.optimizer}, {config.learning_rate:g}"),
        ("steps", f"{best.metrics['steps']:,}"),
        ("seed handed in", f"{config.seed}, the one with the least validation loss"),
    ]


def _evaluation(runs: Sequence[TrainedRun], best: TrainedRun, store: ClipStore, measured: Sequence[str]) -> list[str]:
    """A table a split, and one of the parts of the test set that the corpus tells apart."""
    found = []
    for split in measured:
        rows = [Row("all clips", comparison.accuracy(runs, store, split), len(best.scores(split).labels))]
        labels = best.scores(split).labels
        rows += [
            comparison.measured(describe(code).name, runs, store, split, labels == label)
            for label, code in enumerate(best.languages)
            if (labels == label).any()
        ]
        for name in ("noise", "room", "band", "codec"):
            rows += comparison.accuracy_by_presence(runs, store, split, name, f"with {name}")
        rows += comparison.accuracy_by(runs, store, split, "dialect")
        lines = [(_plain(row.label), _share(row.accuracy), f"{row.clips:,}") for row in rows]
        title = f"{SPLITS[split][0].upper()}{SPLITS[split][1:]}"
        found += [f"**{title}**", _table((split, "right, %", "clips"), lines)]
    return found


def _calibration(runs: Sequence[TrainedRun], best: TrainedRun, measured: Sequence[str]) -> str:
    threshold = strangers.Judge.fitted(best, "softmax", "validation").threshold
    said = (
        f"Logits are divided by {best.temperature:.3f}, fitted on validation clips. `spokenlang classify` says unknown "
        f"where the largest probability is below {threshold:.3f}; {strangers.KEPT:.0%} of validation clips reach that."
    )
    if "test" not in measured:
        return said
    error, loss = (comparison.statistic(runs, measure, "test") for measure in ("ece", "nll"))
    return (
        f"{said} On the test set the expected calibration error is {error.value:.3f} (seeds {error.low:.3f} to "
        f"{error.high:.3f}), the negative log-likelihood {loss.value:.3f} nats."
    )


def _composition(store: ClipStore) -> list[tuple[str, ...]]:
    rows = []
    for split in store.names:
        clips = len(store.inputs(split))
        hidden = split in store.hidden
        counts = None if hidden else np.bincount(store.targets(split), minlength=len(store.languages))
        by_language = ["?"] * len(store.languages) if counts is None else [f"{count:,}" for count in counts]
        voices = f"{len(np.unique(store.groups(split))):,}" if store.has_groups else "?"
        rows.append((SPLITS.get(split, _plain(split)), *by_language, f"{clips:,}", voices))
    return rows


def _known(store: ClipStore) -> str:
    columns = [name for name in store.clips("train") if name not in ("split", "index", "language")]
    if not columns:
        return "Nothing but its language."
    return f"Columns of `clips.csv`: {', '.join(_code(name) for name in sorted(columns))}."


def _share(found: Interval) -> str:
    return f"{100 * found.value:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _named(codes: Sequence[str]) -> str:
    return listed([_plain(describe(code).name) for code in codes])


def _size(clips: int) -> str:
    """As hubs bin it."""
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for bound, name in bounds if clips < bound), "n>1M")


def _metadata(content: Mapping[str, Any]) -> str:
    """The YAML block at a card's head."""
    return f"---\n{yaml.safe_dump(dict(content), sort_keys=False, width=1000)}---"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(map(str, cells)) for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(f"| {line} |" for line in lines)


def _line(text: str) -> str:
    """Text of a user's without what would end a line or steer a terminal."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)


def _plain(text: str) -> str:
    """Text of a user's as Markdown that shows it and does nothing else."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", _line(text))


def _code(text: str) -> str:
    """The same in a code span."""
    return f"`{_line(text).translate(_NO_CODE).strip() or '?'}`"
