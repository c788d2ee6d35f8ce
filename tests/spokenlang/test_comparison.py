"""What the analyses compute with: settings over seeds, techniques, lengths, geometry of the outputs, the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from onepage import publish
from spokenlang.corpus.levels import clip_levels
from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.server import score
from spokenlang.errors import InputError
from spokenlang.languages import CODES, LANGUAGES
from spokenlang.network import diagram
from spokenlang.network.models import layer_table, parameter_count
from spokenlang.study import attribution, comparison, lengths, losses, output_space, plots
from spokenlang.training.runs import TrainedRun
from spokenlang.training.techniques import NORMALISATIONS, TECHNIQUES, switched_off


def test_accuracy_of_a_setting_is_the_mean_over_its_seeds(
    tiny_run: TrainedRun, trained: Callable[..., TrainedRun], tiny_store: ClipStore
) -> None:
    runs = [tiny_run, trained(seed=1)]
    found = comparison.accuracy(runs, tiny_store)
    assert found.value == pytest.approx(np.mean([run.metrics["test"]["accuracy"] for run in runs]))
    assert found.low <= found.value <= found.high
    assert comparison.seeds(runs) == [0, 1]
    parts = comparison.accuracy_by(runs, tiny_store, "test", "group")
    assert sum(row.clips for row in parts) == 36
    assert np.average([row.accuracy.value for row in parts], weights=[row.clips for row in parts]) == pytest.approx(
        found.value
    )


def test_a_setting_does_not_differ_from_itself(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    found = comparison.difference([tiny_run], [tiny_run], tiny_store)
    assert (found.difference.value, found.p) == (0, pytest.approx(1))


def test_what_a_corpus_does_not_know_is_left_out(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    assert comparison.attribute(tiny_store, tiny_run, "test", "dialect") is None
    assert comparison.accuracy_by([tiny_run], tiny_store, "test", "dialect") == []
    clean = comparison.is_clean(tiny_store, tiny_run, "test")
    assert clean.sum() == 18
    assert set(comparison.described(tiny_store, tiny_run, "test")) == {"clean", "degraded"}


def test_losses_are_paired_by_step(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    history = losses.loss_history(tiny_run)
    assert (np.diff(history["step"]) == tiny_run.config.log_every).all()
    assert len(history["train"]) == len(history["validation"]) == len(history["step"])
    train, validation = losses.final_losses(tiny_run, tiny_store)
    assert train > 0
    assert validation > 0


@given(st.sampled_from([*TECHNIQUES, *NORMALISATIONS, "none", "all"]), st.sampled_from([*TECHNIQUES, "none"]))
def test_techniques_are_taken_away_one_by_one(without: str, keep: str) -> None:
    """All of them together are the techniques; normalisations stay."""
    named = TECHNIQUES | NORMALISATIONS
    everything = {key: "on" for _, off in named.values() for key in off} | {"epochs": 3}
    found = switched_off(everything, without, keep)
    gone = {"all": set(TECHNIQUES), "none": set()}.get(without, {without}) - {keep}
    wanted = {key: value for name in gone for key, value in named[name][1].items()}
    assert found == everything | wanted


def test_a_misspelt_technique_names_the_nearest() -> None:
    with pytest.raises(InputError, match="dropout"):
        switched_off({}, "dropuot")


def test_logits_of_a_whole_clip_are_those_of_the_run(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    found = lengths.logits_at(tiny_run.model, tiny_store.inputs("test"), tiny_store.samples)
    wanted = tiny_run.scores("test").logits / tiny_run.temperature
    np.testing.assert_allclose(found, wanted, atol=2e-3)
    middle = lengths.logits_at(tiny_run.model, tiny_store.inputs("test"), 4000)
    with torch.no_grad():
        alone = tiny_run.model(torch.from_numpy(tiny_store.inputs("test")[7, 2000:6000].astype(np.float32)))
    np.testing.assert_allclose(middle[7], alone[0], atol=1e-4)


def test_a_contrast_is_the_difference_of_the_two_accuracies(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    clean = comparison.is_clean(tiny_store, tiny_run, "test")
    found = comparison.contrast([tiny_run], tiny_store, ("test", clean), ("test", ~clean)).difference
    right = tiny_run.scores("test").right
    assert found.value == pytest.approx(right[clean].mean() - right[~clean].mean())
    assert found.low <= found.value <= found.high
    alike = comparison.contrast([tiny_run], tiny_store, ("test", None), ("test", None)).difference
    assert (alike.value, alike.low, alike.high) == (0, 0, 0)


def test_centroids_of_separate_classes_are_as_far_as_they_lie() -> None:
    logits = np.repeat(np.eye(6) * 10, 3, axis=0)
    distance = output_space.centroid_distances(logits, np.repeat(np.arange(6), 3))
    assert distance[np.triu_indices(6, 1)] == pytest.approx(10 * np.sqrt(2))
    branches = [language.branch for language in LANGUAGES]
    assert output_space.branch_contrast(distance, branches).p == 1  # all alike: every regrouping does as well


def test_branches_that_are_near_are_found() -> None:
    branches = [language.branch for language in LANGUAGES]
    near = np.array([[1.0 if a == b else 5.0 for a in branches] for b in branches])
    contrast = output_space.branch_contrast(near, branches)
    assert (contrast.within, contrast.across, contrast.p) == (1, 5, 0.1)


def test_attribution_has_a_number_for_every_frame(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    found = attribution.over_time(tiny_run.model, tiny_store.inputs("test")[0])
    assert found.ndim == 1
    assert np.isfinite(found).all()
    assert np.abs(found).max() > 0


def test_levels_are_in_decibels() -> None:
    wave = np.sin(2 * np.pi * 100 * np.arange(8000) / 8000)
    levels = clip_levels(np.stack([wave, wave / 10, np.zeros(8000)]).astype(np.float16))
    assert levels[:2] == pytest.approx([-3.01, -23.01], abs=0.02)
    assert levels[2] == pytest.approx(-160)


def test_the_diagram_shows_every_parameter(tiny_run: TrainedRun) -> None:
    blocks = diagram.blocks(layer_table(tiny_run.model), 40000)
    assert blocks[0][0] == "input"
    assert blocks[-1][0] == "output"
    assert sum(block[3] for block in blocks) == parameter_count(tiny_run.model)
    plots.architecture(blocks, "x").savefig("/dev/null", format="svg")


def test_the_receptive_field_is_what_a_change_of_the_input_reaches(tiny_run: TrainedRun) -> None:
    network, config = tiny_run.model.network.eval(), tiny_run.model.front_end.config
    features = torch.ones(1, 200, config.bands)  # frames of zeros would be pauses
    with torch.no_grad():
        before, _ = network.frames(features)
        features[0, 100] = 2.0
        touched = (network.frames(features)[0] != before).any(dim=1).flatten().nonzero().flatten()
    frames = round((diagram.receptive_field_s(tiny_run.model) * 1000 - config.window_ms) / config.hop_ms) + 1
    # A frame reaches every second output whose field it lies in.
    assert abs(int(touched[-1] - touched[0]) + 1 - frames / 2) <= 1


def test_every_figure_draws(tiny_run: TrainedRun) -> None:
    random = np.random.default_rng(0)
    rows = [("all", 0.9, 0.8, 0.95), ("noise", 0.7, 0.6, 0.8)]
    history = {"a": losses.loss_history(tiny_run)}
    figures = [
        plots.waveforms(random.normal(size=(5, 800)), 8000, CODES[:5], CODES),
        plots.before_and_after(random.normal(size=(3, 9, 40)), random.normal(size=(3, 9, 40))),
        plots.loss_curves(history),
        plots.loss_curves({"too short to be recorded": {key: np.empty(0) for key in ("step", "train", "validation")}}),
        plots.gap({"none": (0.1, 0.5), "crops": (0.2, 0.3)}),
        plots.intervals(rows, "accuracy / %"),
        plots.against_duration({"test": tuple(np.array([[1, 2], [0.5, 0.9], [0.4, 0.8], [0.6, 1.0]]))}),
        plots.against_duration(dict.fromkeys("abc", tuple(np.array([[1, 2], [0.5, 0.9], [0.4, 0.8], [0.6, 1.0]])))),
        plots.reliability(random.random(50), random.random(50) > 0.5),
        plots.search_history([0.5, 0.9, 0.2], [True, False, True]),
    ]
    for figure in figures:
        figure.savefig("/dev/null", format="svg")
        assert figure.get_size_inches()[0] <= plots.COLUMN
    points = [{"learning_rate": 10.0**-at, "dropout": 0.1 * at, "a": 1, "b": 2, "c": 3, "d": 4} for at in range(4)]
    assert len(plots.search_slices(points, [0.4, 0.3, 0.2, 0.5], ["learning_rate"]).axes) == 10


@pytest.mark.parametrize("languages", [2, 3, 6, 10, 20])
def test_figures_of_languages_keep_their_names_apart(languages: int) -> None:
    codes = [*CODES, *(f"{a}{b}" for a in "qx" for b in "abcdefghijkl")][:languages]
    random = np.random.default_rng(languages)
    counts = random.integers(0, 200, (languages, languages))
    labels = np.arange(40 * languages) % languages
    points = random.normal(size=(len(labels), 2)) / 4 + random.normal(size=(languages, 2))[labels]
    colours = plots.colours(codes)
    assert list(colours) == codes
    assert len(set(colours.values())) == languages
    with mpl.rc_context(publish.STYLE):
        figures = (
            plots.confusion(counts, codes),
            plots.distances(counts + counts.T, codes),
            plots.output_space(points, labels, (0.5, 0.2), codes),
        )
    for figure in figures:
        assert figure.get_size_inches()[0] <= plots.COLUMN
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        axis, seen = figure.axes[0], canvas.get_renderer()
        names = [text for text in (*axis.get_xticklabels(), *axis.get_yticklabels(), *axis.texts) if text.get_text()]
        boxes = [text.get_window_extent(seen).shrunk(0.9, 0.7) for text in names]
        assert {text.get_text() for text in names} >= set(codes)
        overlap = [(a, b) for a in range(len(boxes)) for b in range(a) if boxes[a].overlaps(boxes[b])]
        assert not overlap


def test_the_server_scores_as_the_run_does(
    tiny_run: TrainedRun, exported: Path, tiny_store: ClipStore, tmp_path: Path
) -> None:
    found = score(exported / "model.pt", tiny_store)
    assert found.accuracy.value == pytest.approx(tiny_run.metrics["test"]["accuracy"])
    assert found.balanced.value == pytest.approx(tiny_run.metrics["test"]["balanced_accuracy"])
    assert found.accuracy.low <= found.accuracy.value <= found.accuracy.high
    assert found.clips == len(tiny_store.targets("test"))
    assert score(exported / "model.pt", tiny_store, ["train", "test"]).clips > found.clips
    with pytest.raises(InputError, match="there is no split 'validation'"):
        score(exported / "model.pt", tiny_store, ["validation"])
    (tmp_path / "text.pt").write_text("no model")
    with pytest.raises(InputError, match="TorchScript"):
        score(tmp_path / "text.pt", tiny_store)
