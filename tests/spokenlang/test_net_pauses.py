"""Only speech counts: silence changes nothing, wherever it lies, however long it is, and whoever runs the model."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from tries import tries

from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.classifier import Classifier
from spokenlang.network.frontend import FrontEnd, FrontEndConfig
from spokenlang.network.models import ARCHITECTURES, LanguageModel, ModelConfig, build_model
from spokenlang.network.pauses import SpeechGate, is_heard, is_sound
from spokenlang.study.silence import PLACES, effects, every_kind, logits_with_silence, with_silence
from spokenlang.training.augment import Augment, AugmentConfig, ClipDraws
from spokenlang.training.runs import TrainedRun

HOP = 160


@functools.cache
def model_of(name: str, **front_end: str) -> LanguageModel:
    """A network whose every layer answers zero with something else, as after training."""
    representation = "waveform" if ARCHITECTURES[name].needs == "waveform" else "logmel"
    torch.manual_seed(0)
    config = FrontEndConfig(**{"representation": representation, **front_end})
    model = build_model("six", ModelConfig(model=name, channels=8, embedding=8), config).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.normal_(module.bias)
    return model


@functools.cache
def scripted(name: str) -> torch.jit.ScriptModule:
    return torch.jit.script(model_of(name))


def speech(samples: int, seed: int = 0) -> Tensor:
    """(samples,) of noise whose loudness comes and goes over 30 dB, as syllables do."""
    random = torch.Generator().manual_seed(seed)
    wave = torch.randn(samples, generator=random)
    return 0.1 * wave * 10 ** (-0.75 * (1 + torch.sin(torch.arange(samples) / 600 + seed)))


@settings(max_examples=tries(30), deadline=None)
@given(
    name=st.sampled_from(list(ARCHITECTURES)),
    lengths=st.lists(st.integers(HOP, 20000), min_size=1, max_size=4),
    before=st.integers(0, 9000),
    after=st.integers(0, 30000),
    gain=st.floats(-4, 3),
    as_script=st.booleans(),
)
def test_zeros_at_the_ends_and_longer_neighbours_change_nothing(
    name: str, lengths: list[int], before: int, after: int, gain: float, as_script: bool
) -> None:
    model = scripted(name) if as_script else model_of(name)
    clips = [speech(length, seed) for seed, length in enumerate(lengths)]
    longest = max(lengths) + before + after
    batch = torch.stack([F.pad(clip, (before, longest - before - len(clip))) for clip in clips]) * 10**gain
    with torch.no_grad():
        alone = torch.cat([model(clip * 10**gain) for clip in clips])
        torch.testing.assert_close(model(batch), alone, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("representation", ["logmel", "mfcc", "waveform"])
@pytest.mark.parametrize("utterance", ["none", "mean", "standard"])
@pytest.mark.parametrize("loud", [True, False])
def test_every_front_end_leaves_pauses_at_zero_and_speech_as_it_is(
    representation: str, utterance: str, loud: bool
) -> None:
    front_end = FrontEnd(
        FrontEndConfig(representation=representation, utterance_norm=utterance, loudness_norm=loud, corpus_norm=False)
    )
    clip = speech(40 * HOP)[None]
    with torch.no_grad():
        plain, padded = front_end(clip), front_end(F.pad(clip, (777, 30 * HOP)))
    count = plain.shape[1]
    torch.testing.assert_close(padded[:, :count], plain, atol=1e-4, rtol=1e-4)
    assert not padded[:, count:].any()
    # One in the middle: nothing is left of it but the frames that a window of speech reaches into.
    inside = torch.cat([clip[:, : 20 * HOP], torch.zeros(1, 30 * HOP), clip[:, 20 * HOP :]], dim=1)
    frames = front_end(inside) if representation != "waveform" else front_end(inside)[:, :, None]
    step = 1 if representation != "waveform" else HOP
    assert int((is_sound(frames)[:, 21 * step : 49 * step]).sum()) == 0


@settings(max_examples=tries(20), deadline=None)
@given(
    floor=st.floats(-70, -40),
    seconds=st.floats(0.3, 20),
    place=st.sampled_from(PLACES),
    offset=st.sampled_from([0.0, 0.01]),
    gain=st.floats(-3, 3),
)
def test_a_faint_noise_floor_is_a_pause_too(
    floor: float, seconds: float, place: str, offset: float, gain: float
) -> None:
    clip = (speech(24000)[None].numpy() + offset) * 10**gain
    longer = torch.from_numpy(with_silence(clip, place, round(seconds, 2), floor))
    if offset:  # the recorder's, so that the pause has it as well
        pause = torch.from_numpy(with_silence(np.ones_like(clip), place, round(seconds, 2))) == 0
        longer = longer + pause * offset * 10**gain
    gate = SpeechGate(HOP)
    heard, plain = float(gate.heard(longer)[0, 0]), float(gate.heard(torch.from_numpy(clip).float())[0, 0])
    assert abs(heard - plain) <= 6 * HOP


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("zeros", torch.zeros(9000)),
        ("a constant", torch.full((9000,), 0.25)),
        ("a large constant", torch.full((9000,), 3e4)),
        ("one sample", torch.zeros(1)),
        ("a step", torch.cat([torch.zeros(4800), torch.full((4800,), 0.5)])),
    ],
)
@pytest.mark.parametrize("network", ARCHITECTURES)
def test_nothing_but_silence_is_finite_and_has_no_speech(network: str, name: str, clip: Tensor) -> None:
    model = model_of(network)
    with torch.no_grad():
        logits = model(clip)
        assert float(model.heard(clip)[0, 0]) == 0, name
        torch.testing.assert_close(logits, model(torch.zeros(40000)), msg=name)
    assert bool(logits.isfinite().all())


def test_a_click_sets_no_level() -> None:
    clip = speech(24000)[None]
    clicked = F.pad(clip, (0, 16000))
    clicked[0, 30000:30040] = 100 * clip.abs().max()
    gate = SpeechGate(HOP)
    assert float(gate.heard(clicked)[0, 0]) == pytest.approx(float(gate.heard(clip)[0, 0]), abs=6 * HOP)


def test_onnx_and_torchscript_pause_alike(tiny_run: TrainedRun, exported: Path) -> None:
    session = onnxruntime.InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    script = torch.jit.load(exported / "model.pt")
    clip = speech(12345)
    clips = torch.stack([F.pad(clip, (lead, 20000 - lead)) for lead in (0, 1, 333, 20000)])
    with torch.no_grad():
        expected = tiny_run.model(clip).expand(4, -1)
        torch.testing.assert_close(script(clips), expected, atol=1e-3, rtol=0)
    found = session.run(None, {"waveform": clips.numpy()})[0]
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-3)


def test_the_gradient_reaches_speech_alone() -> None:
    model = model_of("tdnn")
    features = model.front_end(F.pad(speech(8000), (0, 8000))[None]).requires_grad_()
    sound = is_sound(features.detach())[0] > 0
    model.network(features).sum().backward()
    assert bool(features.grad.isfinite().all())
    assert float(features.grad[0, sound].abs().sum()) > 0
    # A window over the border sees the pause, as it sees the padding beyond a clip's end; deep in it there is nothing.
    assert not features.grad[0, int(sound.sum()) + 4 :].any()


@pytest.mark.parametrize("seconds", [25.0])
@pytest.mark.parametrize("floor", [-np.inf, -50.0])
@pytest.mark.parametrize("place", ["before", "after"])
def test_a_long_file_is_judged_by_its_speech(
    exported: Path, tiny_store: ClipStore, tmp_path: Path, seconds: float, floor: float, place: str
) -> None:
    classifier = Classifier(exported / "model.pt")
    clip = tiny_store.inputs("test")[:1].astype(np.float32)
    clip /= 4 * np.abs(clip).max()
    soundfile.write(tmp_path / "short.wav", clip[0], 8000, subtype="FLOAT")
    soundfile.write(tmp_path / "long.wav", with_silence(clip, place, seconds, floor)[0], 8000, subtype="FLOAT")
    short, long = (classifier.classify(tmp_path / name) for name in ("short.wav", "long.wav"))
    assert long.prediction == short.prediction
    assert not long.silent
    tolerance = 1e-3 if floor == -np.inf else 0.1
    np.testing.assert_allclose(list(long.probabilities.values()), list(short.probabilities.values()), atol=tolerance)


def test_pauses_are_put_into_training_views() -> None:
    front_end = FrontEnd(FrontEndConfig())
    features = front_end.features(torch.stack([speech(40000, seed) for seed in range(40)]))
    off = AugmentConfig(crop=False, time_shift=False, stretch=0.0, mel_warp=0.0, spec_masks=0)
    views = {}
    for share in (0.0, 1.0):
        augment = Augment(AugmentConfig(**{**vars(off), "pauses": share}), front_end, 3, features.shape[1])
        views[share] = augment.view(features, torch.arange(40), torch.arange(40), ClipDraws(40, 3, 0), 0)
    torch.testing.assert_close(views[0.0], features)
    changed = (views[1.0] != features).any(dim=2)
    longest = AugmentConfig().pause_s * 1000 / front_end.config.hop_ms + 1
    assert bool((changed.sum(dim=1) > 0).float().mean() > 0.9)
    assert int(changed.sum(dim=1).max()) <= longest
    silent = (is_heard(views[1.0]).squeeze(2) == 0).any(dim=1).float().mean()
    assert 0.2 < float(silent) < 0.8, "digital in about half of them"


@pytest.mark.parametrize("place", PLACES)
def test_silence_has_the_level_and_the_length_that_was_asked_for(place: str) -> None:
    clips = np.stack([speech(8000, seed).numpy() for seed in range(3)]) * np.array([[1], [0.1], [1e-3]], np.float32)
    digital = with_silence(clips, place, 0.5)
    assert digital.shape == (3, 12000)
    at = {"before": 0, "inside": 4000, "after": 8000}[place]
    assert not digital[:, at : at + 4000].any()
    np.testing.assert_array_equal(np.delete(digital, np.s_[at : at + 4000], axis=1), clips)
    noise = (with_silence(clips, place, 0.5, -50.0) - digital)[:, at : at + 4000]
    level = 20 * np.log10(noise.std(axis=1) / clips.std(axis=1))
    np.testing.assert_allclose(level, -50, atol=1)


def test_effects_are_paired_and_tell_how_many(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    kinds = every_kind([0.3, 20.0], [-50.0])
    assert kinds == [(place, 0.3, floor) for place in PLACES for floor in (-np.inf, -50.0)] + [("after", 20.0, -np.inf)]
    index = np.arange(0, 36, 2)
    plain, found = effects(tiny_run.model, tiny_store, "test", index, kinds[:2] + kinds[-2:])
    for effect in found:
        assert effect.difference.value == pytest.approx(effect.accuracy.value - plain.value)
        assert effect.difference.low <= effect.difference.value <= effect.difference.high
        assert effect.clips == len(index)
    digital = [effect for effect in found if effect.noise == "digital"]
    assert digital
    assert all(effect.difference.value == 0 for effect in digital if effect.place != "inside")


def test_scores_with_silence_are_those_of_each_clip_alone(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    clips = tiny_store.inputs("test")[:5]
    found = logits_with_silence(tiny_run.model, clips, "after", 1.0)
    with torch.no_grad():
        plain = tiny_run.model(torch.from_numpy(clips.astype(np.float32))).numpy()
    np.testing.assert_allclose(found, plain, atol=2e-3)
