"""The networks, each from PyTorch's own layers, each with at most 100,000 parameters.

A network maps normalised features to logits; `LanguageModel` puts a front end before it and makes it a
complete model: waveform in, logits out. `ARCHITECTURES` names them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spokenlang.errors import InputError
from spokenlang.languages import CODES, TASKS
from spokenlang.network.frontend import (
    Cepstra,
    CorpusNorm,
    FrontEnd,
    FrontEndConfig,
    LogMel,
    LoudnessNorm,
    UtteranceNorm,
    as_batch,
)
from spokenlang.network.layers import (
    AttentivePooling,
    Convolution,
    Dilated,
    Network,
    PlaneConvolutions,
    RawConvolutions,
    Recurrence,
    Recurrent,
    Residual,
    StatisticsPooling,
)
from spokenlang.network.pauses import SpeechGate


@dataclass(frozen=True)
class ModelConfig:
    """Which network, and its size."""

    model: str = "tdnn"  # a name of ARCHITECTURES
    channels: int = 0  # width of the hidden layers; 0 = the architecture's own
    embedding: int = 128  # width of the last layer before pooling
    dropout: float = 0.3  # share of the pooled values dropped in training


@dataclass(frozen=True)
class Architecture:
    """One entry of the registry."""

    about: str  # one sentence for tables and pages
    source: str  # where the design comes from
    channels: int  # width that keeps it under 100,000 parameters
    needs: str  # front end that it needs: "logmel" (or another spectral one) or "waveform"
    build: Callable[[int, int, ModelConfig, int], Network]  # (input dimension, channels, config, outputs)


def _tdnn(inputs: int, channels: int, config: ModelConfig, outputs: int) -> Network:
    frames = Dilated(inputs, channels, config.embedding)
    return Network(frames, StatisticsPooling(), 2 * config.embedding, outputs, config.dropout)


def _attentive(inputs: int, channels: int, config: ModelConfig, outputs: int) -> Network:
    frames = Dilated(inputs, channels, config.embedding)
    return Network(frames, AttentivePooling(config.embedding), 2 * config.embedding, outputs, config.dropout)


def _raw(inputs: int, channels: int, config: ModelConfig, outputs: int) -> Network:
    return Network(RawConvolutions(channels), StatisticsPooling(), 4 * channels, outputs, config.dropout)


def _plane(inputs: int, channels: int, config: ModelConfig, outputs: int) -> Network:
    rows = inputs
    for _ in range(4):
        rows = -(-rows // 2)
    return Network(PlaneConvolutions(channels), StatisticsPooling(), 8 * channels * rows, outputs, config.dropout)


def _recurrent(inputs: int, channels: int, config: ModelConfig, outputs: int) -> Network:
    frames = Recurrent(inputs, channels, channels)
    return Network(frames, StatisticsPooling(), 4 * channels, outputs, config.dropout)


ARCHITECTURES: dict[str, Architecture] = {
    "tdnn": Architecture(
        "Dilated convolutions over time with residuals, then mean and deviation over the clip",
        "Time-delay network with statistics pooling (Snyder et al. 2018, X-vectors); dilations and residuals "
        "as in temporal convolutional networks (Bai, Kolter and Koltun 2018)",
        72,
        "logmel",
        _tdnn,
    ),
    "tdnn_attentive": Architecture(
        "The same with attention weights in the pooling",
        "Attentive statistics pooling (Okabe, Koshinaka and Shinoda 2018)",
        70,
        "logmel",
        _attentive,
    ),
    "raw_cnn": Architecture(
        "Convolutions on the waveform itself, without a spectrum",
        "M5 of Dai et al. 2017, Very deep convolutional neural networks for raw waveforms",
        88,
        "waveform",
        _raw,
    ),
    "cnn2d": Architecture(
        "Small-filter convolutions on the log-mel picture, time and frequency alike",
        "VGG (Simonyan and Zisserman 2015) as used for audio by Hershey et al. 2017",
        22,
        "logmel",
        _plane,
    ),
    "crnn": Architecture(
        "Two strided convolutions, then a bidirectional GRU",
        "Convolutional-recurrent language identification (Bartz et al. 2017)",
        69,
        "logmel",
        _recurrent,
    ),
}


class LanguageModel(nn.Module):
    """A complete model: raw 8 kHz samples in, logits out.

    Takes (time,), (batch, time) or (batch, 1, time) of any length and loudness. Returns (batch, classes) for the task
    "six", one language a column in the order of the corpus's class list; (batch, 1) for "binary", the logit of the
    second of two languages (Spanish) against the first (English). The logits are divided by `temperature`, which
    calibration sets: their softmax (sigmoid) is meant as a probability.
    """

    def __init__(self, task: str, config: ModelConfig, front_end: FrontEnd, network: Network) -> None:
        super().__init__()
        self.task = task
        self.config = config
        self.binary = task == "binary"
        self.front_end = front_end
        self.network = network
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, waveform: Tensor) -> Tensor:
        return self.network(self.front_end(waveform)) / self.temperature

    @torch.jit.export
    def heard(self, waveform: Tensor) -> Tensor:
        """How many samples of each clip are speech, and the RMS of its loudest 60 ms: (batch, 2)."""
        return self.front_end.gate.heard(as_batch(waveform))

    @torch.jit.export
    def probabilities(self, waveform: Tensor) -> Tensor:
        """One column per language of the task, rows summing to 1: (batch, 2) or (batch, classes)."""
        logits = self.forward(waveform)
        if self.binary:
            spanish = logits.sigmoid()
            return torch.cat([1 - spanish, spanish], dim=1)
        return logits.softmax(dim=1)


def build_model(task: str, config: ModelConfig, front_end: FrontEndConfig, classes: int = len(CODES)) -> LanguageModel:
    """A freshly initialised model of so many classes; the caller has seeded torch.

    `InputError` for a name that is not known.
    """
    if task not in TASKS:
        raise InputError(f"unknown task {task!r}: use {' or '.join(TASKS)}")
    if config.model not in ARCHITECTURES:
        raise InputError(f"unknown model {config.model!r}: use one of {', '.join(ARCHITECTURES)}")
    architecture = ARCHITECTURES[config.model]
    if (architecture.needs == "waveform") != (front_end.representation == "waveform"):
        raise InputError(
            f"model {config.model} needs the front end {architecture.needs!r}, not {front_end.representation!r}"
        )
    front = FrontEnd(front_end)
    outputs = 1 if task == "binary" else classes
    network = architecture.build(front.dimension, config.channels or architecture.channels, config, outputs)
    return LanguageModel(task, config, front, network.to(memory_format=torch.channels_last))  # type: ignore[call-overload]


def parameter_count(module: nn.Module) -> int:
    """Trainable numbers in a module; buffers such as mel filters do not count."""
    return sum(parameter.numel() for parameter in module.parameters())


@dataclass(frozen=True)
class LayerRow:
    """One line of the architecture diagram."""

    name: str  # dotted path of the module
    label: str  # what it is, in words
    shape: tuple[int, ...]  # output shape for one clip, without the batch axis
    parameters: int  # trainable numbers inside


def layer_table(model: LanguageModel, samples: int = 40000) -> list[LayerRow]:
    """The layers of a model in the order in which a clip passes through them, seen by running one clip."""
    rows: list[LayerRow] = []

    def watch(name: str, module: nn.Module, label: str) -> torch.utils.hooks.RemovableHandle:
        def hook(_module: nn.Module, _inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
            first = output if isinstance(output, Tensor) else output[0]
            shape = tuple(size for size in first.shape[1:] if size != 1) or (1,)
            rows.append(LayerRow(name, label, shape, parameter_count(module)))

        return module.register_forward_hook(hook)

    handles = [watch(*unit) for unit in _units(model, "")]
    training = model.training
    with torch.no_grad():
        model.eval()(torch.zeros(1, samples))
    model.train(training)
    for handle in handles:
        handle.remove()
    return rows


def _units(module: nn.Module, name: str) -> list[tuple[str, nn.Module, str]]:
    label = _describe(module)
    if label:
        return [(name, module, label)]
    return [unit for child, inner in module.named_children() for unit in _units(inner, f"{name}.{child}".strip("."))]


def _describe(module: nn.Module) -> str:
    """A layer in words; empty for what only holds other layers, and for what does nothing."""
    match module:
        case SpeechGate():
            return "pauses to zero"
        case LoudnessNorm():
            return "loudness normalisation"
        case LogMel():
            return f"log-mel, {module.size / 8:g} ms window, {module.hop / 8:g} ms hop"
        case Cepstra():
            return "cepstra (DCT)"
        case UtteranceNorm():
            return "utterance normalisation"
        case CorpusNorm():
            return "corpus normalisation"
        case Residual(layer=Convolution() as inner):
            return _describe(inner) + ", residual"
        case Convolution():
            convolution = module[0]
            assert isinstance(convolution, nn.Conv2d)
            size = "x".join(str(k) for k in convolution.kernel_size if k > 1) or "1"
            stride = f", stride {convolution.stride[1]}" if convolution.stride[1] > 1 else ""
            dilation = f", dilation {convolution.dilation[1]}" if convolution.dilation[1] > 1 else ""
            return f"convolution {size}{stride}{dilation}"
        case nn.MaxPool2d():
            pool = module.kernel_size
            return f"max pooling {pool[1] if isinstance(pool, tuple) else f'{pool}x{pool}'}"
        case StatisticsPooling():
            return "mean and deviation over time"
        case AttentivePooling():
            return "attentive mean and deviation"
        case Recurrence():
            return "bidirectional GRU"
        case nn.Linear():
            return "linear"
    return ""
