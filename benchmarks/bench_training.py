"""How fast the networks train and answer on this machine: clips per second and milliseconds per clip.

    python benchmarks/bench_training.py [--device cpu|cuda] [--precision float32|bf16] [--seconds 3] [--threads N]

Training: forward and backward pass and an Adam step at batch 32 on crops of `--seconds`, features at hand, best of
three rounds. Answering: one 5 s clip, waveform to logits, TorchScript, one thread. Prints one JSON object a line.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext

import measured
import torch

from spokenlang.network.frontend import FrontEndConfig
from spokenlang.network.models import ARCHITECTURES, LanguageModel, ModelConfig, build_model, parameter_count
from spokenlang.training.loop import objective

BATCH = 32
ROUNDS = 3


def best_rate(work: Callable[[], object], units: int, repeats: int, device: str) -> float:
    """Units per second of the fastest round; the first call, which prepares kernels, is not counted."""
    work()
    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(repeats):
            work()
        if device == "cuda":
            torch.cuda.synchronize()
        rates.append(units * repeats / (time.perf_counter() - started))
    return max(rates)


def training_rate(model: LanguageModel, seconds: float, device: str, precision: str) -> float:
    """Clips per second of training steps."""
    model.train()
    optimizer = torch.optim.Adam(model.network.parameters(), fused=True)
    features = model.front_end(torch.randn(BATCH, int(8000 * seconds), device=device)).clone()
    labels = torch.randint(0, 6, (BATCH,), device=device)

    def step() -> None:
        with torch.autocast(device, torch.bfloat16) if precision == "bf16" else nullcontext():
            logits = model.network(features)
        optimizer.zero_grad(set_to_none=True)
        objective(logits.float(), labels, 0.0).mean().backward()
        optimizer.step()

    return best_rate(step, BATCH, 10, device)


def answer_milliseconds(model: LanguageModel) -> float:
    """One 5 s clip on one thread of the CPU."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(model.cpu().eval())
        clip = torch.randn(1, 40000)
        rate = best_rate(lambda: scripted(clip), 1, 50, "cpu")
    torch.set_num_threads(threads)
    return 1000 / rate


def main() -> None:
    """Measure every architecture."""
    parser = measured.arguments(__doc__)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--precision", default="float32", choices=("float32", "bf16"))
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = measured.parse(parser, seconds=0.2)
    torch.set_num_threads(args.threads)
    for name, architecture in ARCHITECTURES.items():
        front_end = FrontEndConfig(representation="waveform" if architecture.needs == "waveform" else "logmel")
        model = build_model("six", ModelConfig(model=name), front_end).to(args.device)
        waveforms = torch.randn(BATCH, 40000, device=args.device)
        fixed = model.front_end
        found = {
            "model": name,
            "device": args.device,
            "precision": args.precision,
            "threads": args.threads,
            "parameters": parameter_count(model),
            "training_clips_per_s": round(training_rate(model, args.seconds, args.device, args.precision)),
            "features_clips_per_s": round(best_rate(lambda f=fixed, w=waveforms: f.features(w), BATCH, 5, args.device)),
            "answer_ms": round(answer_milliseconds(model), 2),
        }
        measured.tell(**found)


if __name__ == "__main__":
    main()
