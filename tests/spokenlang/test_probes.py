"""What clips with one thing taken out of them hold, and how they are judged."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from tries import tries

from onepage import publish
from spokenlang.corpus.store import RATE, ClipStore
from spokenlang.study import comparison, plots
from spokenlang.study.probes import changes, controls
from spokenlang.training.runs import TrainedRun


def noise(clips: int, samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (clips, samples)).astype(np.float32)


def tone(hz: float, samples: int = RATE) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(samples) / RATE).astype(np.float32)[None]


@settings(max_examples=tries(30), deadline=None)
@given(st.integers(1, 3), st.integers(64, 900), st.integers(32, 900), st.integers(0, 99))
def test_shuffling_and_reversal_keep_every_sample(clips: int, samples: int, cut: int, seed: int) -> None:
    before = noise(clips, samples, seed)
    assert np.array_equal(changes.reverse(changes.reverse(before)), before)
    assert np.array_equal(changes.reverse(before)[:, 0], before[:, -1])
    assert np.array_equal(changes.segments(before, cut, None, fade=0), before)
    shuffled = changes.segments(before, cut, np.random.default_rng(seed), fade=0)
    assert shuffled.shape == before.shape
    whole = samples // cut * cut
    assert np.array_equal(shuffled[:, whole:], before[:, whole:])
    for old, new in zip(before, shuffled, strict=True):
        parts = [sorted(map(bytes, clip[:whole].reshape(-1, cut))) for clip in (old, new)]
        assert parts[0] == parts[1]


def test_shuffling_does_shuffle_and_fades_joints_alone() -> None:
    ramp = np.tile(np.arange(RATE, dtype=np.float32), (4, 1))
    shuffled = changes.segments(ramp, 400, np.random.default_rng(0), fade=0)
    assert (shuffled != ramp).mean() > 0.8
    assert len({bytes(clip) for clip in shuffled}) == 4, "each clip has an order of its own"
    faded = changes.segments(np.ones((1, 800), np.float32), 400, None)
    assert np.array_equal(np.flatnonzero(faded[0] < 0.999), [*range(16), *range(384, 416), *range(784, 800)])


@settings(max_examples=tries(25), deadline=None)
@given(st.sampled_from([500.0, 1000.0, 2000.0]), st.floats(100, 3900))
def test_a_filter_passes_one_side_and_stops_the_other(edge: float, hz: float) -> None:
    sound, inner = tone(hz), slice(RATE // 5, -RATE // 5)
    for low, high, kept in ((0.0, edge, hz < edge), (edge, np.inf, hz > edge)):
        out = changes.band(sound, low, high)
        assert out.shape == sound.shape
        if abs(hz - edge) > changes.SLOPE_HZ:
            assert np.allclose(out[:, inner], sound[:, inner] if kept else 0, atol=0.02)
    assert np.allclose(changes.band(sound, 0, edge) + changes.band(sound, edge, np.inf), sound, atol=1e-4)


def spectrum(clip: np.ndarray) -> np.ndarray:
    """Mean power of bands of 250 Hz, by Welch's method."""
    _, power = scipy.signal.welch(clip, RATE, nperseg=512)
    return power[:256].reshape(-1, 16).mean(axis=1)


@settings(max_examples=tries(8), deadline=None)
@given(st.integers(0, 99), st.floats(200, 3000))
def test_the_average_spectrum_is_kept_and_nothing_that_happens_in_it(seed: int, hz: float) -> None:
    loud = noise(1, 4 * RATE, seed)
    loud = changes.band(loud, 0.0, hz) + 0.1 * loud
    loud[:, : 2 * RATE] *= 0.01
    made = changes.average_spectrum(loud, np.random.default_rng(seed))
    change = np.abs(10 * np.log10(spectrum(made[0]) / spectrum(loud[0])))
    edge = np.abs(250 * (np.arange(16) + 0.5) - hz) < 250  # 20 dB in a step is steeper than windows of 32 ms can tell
    assert change[edge].max() < 4
    assert change[~edge].max() < 1
    halves = np.sqrt((made.reshape(2, -1) ** 2).mean(axis=1))
    assert halves[0] == pytest.approx(halves[1], rel=0.2), "one half was a hundred times as loud as the other"


def harmonics(clip: np.ndarray, hz: float) -> float:
    """How like itself a sound is one period of a voice later, -1 to 1."""
    lag = round(RATE / hz)
    return float(np.corrcoef(clip[:-lag], clip[lag:])[0, 1])


@pytest.mark.parametrize("hz", [100.0, 160.0, 250.0])
def test_noise_instead_of_voice_has_its_envelope_and_loudness_and_no_pitch(hz: float) -> None:
    pulses = np.zeros(2 * RATE)
    pulses[:: round(RATE / hz)] = 1
    voice = scipy.signal.lfilter(
        [1.0], np.poly([0.97 * np.exp(2j * np.pi * f * 700 / RATE) for f in (1, -1)]).real, pulses
    )
    voice *= np.where(np.arange(2 * RATE) < RATE, 0.05, 1.0)
    made = changes.without_voice(voice[None].astype(np.float32), np.random.default_rng(0))[0]
    assert made.shape == voice.shape
    assert harmonics(voice[RATE:], hz) > 0.9
    assert abs(harmonics(made[RATE:], hz)) < 0.35
    for part in (slice(0, RATE - 256), slice(RATE + 256, None)):
        assert np.sqrt((made[part] ** 2).mean()) == pytest.approx(np.sqrt((voice[part] ** 2).mean()), rel=0.3)
    assert spectrum(made[RATE:]).argmax() == 700 // 250


def test_pauses_are_what_is_not_speech() -> None:
    clip = 1e-4 * noise(1, 2 * RATE, 1)
    clip[:, RATE // 2 : RATE] = tone(440, RATE // 2)
    left = changes.pauses(clip)[0]
    assert not left[RATE // 2 - 300 : RATE + 300].any()
    assert np.array_equal(left[: RATE // 2 - 500], clip[0, : RATE // 2 - 500])
    assert np.array_equal(left[RATE + 500 :], clip[0, RATE + 500 :])
    assert not changes.pauses(tone(440)).any(), "a clip of nothing but speech has none"


@pytest.mark.parametrize("samples", [800, 4000, 8000, 40_000])
def test_silence_stays_silence_and_clips_keep_their_length(samples: int) -> None:
    done = controls.changes_for(samples, [50, 100, 250, 500], [500], [1000])
    assert len({change.key for change in done}) == len({change.label for change in done}) == len(done)
    for change in done:
        for clips, loud in ((np.zeros((2, samples), np.float32), False), (noise(2, samples), change.key != "pauses")):
            out = change.apply(clips, np.random.default_rng(0))
            assert (out.dtype, out.shape) == (np.float32, clips.shape), change.key
            assert np.isfinite(out).all(), change.key
            assert out.any() == loud, change.key


@settings(max_examples=tries(30), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=80), st.integers(1, 90))
def test_clips_are_chosen_evenly(clips: list[tuple[int, int]], at_most: int) -> None:
    labels, groups = np.array([clip[0] for clip in clips]), np.array([f"v{clip[1]}" for clip in clips])
    chosen = controls.evenly(groups, labels, at_most)
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    assert len(chosen) == min(at_most, len(clips))
    there = {pair: clips.count(pair) for pair in clips}
    taken = {pair: [clips[at] for at in chosen].count(pair) for pair in there}
    for a in there:  # nobody has two fewer than another, unless there are no more
        assert all(taken[a] >= taken[b] - 1 or taken[a] == there[a] for b in there)


def test_controls_are_paired_with_the_same_clips_unchanged(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    scores = tiny_run.scores("test")
    groups = comparison.groups_of(tiny_store, tiny_run, "test")
    done = [
        *controls.changes_for(tiny_store.samples, [50], [500], []),
        controls.Change("silent", "silent", lambda clips, _: np.zeros_like(clips)),
        controls.Change("louder", "louder", lambda clips, _: 2 * clips),
    ]
    clips = tiny_store.inputs("test")[scores.index]
    whole, changed = controls.controls([tiny_run, tiny_run], clips, scores.labels, groups, done)
    assert whole.accuracy.value == pytest.approx(tiny_run.metrics["test"]["accuracy"])
    assert (whole.clips, whole.voices, whole.majority) == (36, len(set(groups)), pytest.approx(1 / 6))
    found = {control.change.key: control for control in changed}
    assert "silent" not in found, "nothing is left to classify"
    assert found["louder"].test.difference.value == found["louder"].test.difference.low == 0
    assert found["low_pass_500hz"].test.difference.high < 0, "most of the tones lie above"
    values = [control.accuracy.value for control in changed]
    assert values == sorted(values, reverse=True)
    for control in changed:
        assert control.test.difference.value == pytest.approx(control.accuracy.value - whole.accuracy.value)
        assert control.above.difference.value == pytest.approx(control.accuracy.value - 1 / 6)
        assert control.accuracy.n == control.clips


@pytest.mark.parametrize(
    "marks", [{"chance": 1 / 6, "largest language": 1 / 6}, {"chance": 0.1, "largest language": 0.3}]
)
def test_marks_are_named_once_each(marks: dict[str, float], draws: Callable[..., list[str]]) -> None:
    rows = [("unchanged", 0.8, 0.7, 0.9), ("time reversed", 0.2, 0.1, 0.3)]
    assert draws(plots.intervals(rows, "accuracy / %", marks=marks)) == (
        ["chance, largest language"] if len(set(marks.values())) == 1 else list(marks)
    )


@pytest.fixture
def draws() -> Callable[..., list[str]]:
    """The legend of a figure that was drawn, whose parts lie within it."""

    def drawn(figure: mpl.figure.Figure) -> list[str]:
        with mpl.rc_context(publish.STYLE):
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
        box = figure.legends[0].get_window_extent(canvas.get_renderer())
        assert figure.bbox.contains(box.x0, box.y0)
        assert figure.bbox.contains(box.x1, box.y1)
        return [text.get_text() for text in figure.legends[0].get_texts()]

    return drawn
