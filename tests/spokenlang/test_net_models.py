"""Every network of the registry: budget, shapes, any length, TorchScript, the table of its layers."""

from __future__ import annotations

import pytest
import torch

from spokenlang.errors import InputError
from spokenlang.network.frontend import FrontEndConfig
from spokenlang.network.layers import AttentivePooling, StatisticsPooling
from spokenlang.network.models import (
    ARCHITECTURES,
    LanguageModel,
    ModelConfig,
    build_model,
    layer_table,
    parameter_count,
)


def model_of(name: str, task: str = "six", **sizes: int) -> LanguageModel:
    front_end = FrontEndConfig(representation="waveform" if ARCHITECTURES[name].needs == "waveform" else "logmel")
    torch.manual_seed(0)
    return build_model(task, ModelConfig(model=name, **sizes), front_end).eval()


@pytest.mark.parametrize("task", ["six", "binary"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_at_most_100000_parameters_and_not_wastefully_few(name: str, task: str) -> None:
    assert 70_000 < parameter_count(model_of(name, task)) <= 100_000


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_any_layout_and_length_gives_logits_and_probabilities(name: str) -> None:
    model = model_of(name, channels=8, embedding=8)
    for shape in ((1, 1), (2, 1, 37), (1, 2400), (3, 40000), (5000,)):
        batch = shape[0] if len(shape) > 1 else 1
        with torch.no_grad():
            logits, probability = model(torch.randn(shape)), model.probabilities(torch.randn(shape))
        assert logits.shape == (batch, 6)
        assert bool(logits.isfinite().all())
        torch.testing.assert_close(probability.sum(dim=1), torch.ones(batch))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_torchscript_says_the_same(name: str) -> None:
    model = model_of(name, channels=8, embedding=8)
    scripted = torch.jit.script(model)
    clip = torch.randn(2, 9000)
    with torch.no_grad():
        torch.testing.assert_close(scripted(clip), model(clip))
        torch.testing.assert_close(scripted.probabilities(clip), model.probabilities(clip))


def test_binary_is_one_logit_whose_sigmoid_is_spanish() -> None:
    model = model_of("tdnn", "binary", channels=8, embedding=8)
    clip = torch.randn(4, 8000)
    with torch.no_grad():
        logits, probability = model(clip), model.probabilities(clip)
    assert logits.shape == (4, 1)
    torch.testing.assert_close(probability, torch.cat([1 - logits.sigmoid(), logits.sigmoid()], dim=1))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_layer_table_counts_every_parameter_once_in_order(name: str) -> None:
    model = model_of(name)
    rows = layer_table(model)
    assert sum(row.parameters for row in rows) == parameter_count(model)
    assert [row.label for row in rows[:2]] == ["pauses to zero", "loudness normalisation"]
    assert rows[-1].label == "linear"
    assert rows[-1].shape == (6,)
    assert all(row.label for row in rows)
    assert not any(module._forward_hooks for module in model.modules())


def test_temperature_scales_logits_and_travels_with_the_state() -> None:
    model = model_of("tdnn", channels=8, embedding=8)
    clip = torch.randn(1, 8000)
    with torch.no_grad():
        before = model(clip)
        model.temperature.fill_(2.0)
        torch.testing.assert_close(model(clip), before / 2)
    assert "temperature" in model.state_dict()


def test_poolings_see_mean_and_deviation() -> None:
    frames, mask = torch.randn(2, 5, 1, 400), torch.ones(2, 1, 1, 400)
    pooled = StatisticsPooling()(frames, mask)
    torch.testing.assert_close(pooled[:, :5], frames.mean(dim=(2, 3)), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(pooled[:, 5:], frames.std(dim=(2, 3), correction=0), atol=1e-3, rtol=1e-3)
    attentive = AttentivePooling(5)
    with torch.no_grad():
        attentive.score[2].weight.zero_()
        torch.testing.assert_close(attentive(frames, mask), pooled, atol=1e-3, rtol=1e-3)


def test_wrong_names_are_refused_in_words() -> None:
    with pytest.raises(InputError, match=r"unknown model 'lstm'.*tdnn"):
        build_model("six", ModelConfig(model="lstm"), FrontEndConfig())
    with pytest.raises(InputError, match="unknown task"):
        build_model("seven", ModelConfig(), FrontEndConfig())
    with pytest.raises(InputError, match="needs the front end"):
        build_model("six", ModelConfig(model="raw_cnn"), FrontEndConfig())
