"""Several processes training one network, so that they give what one process would have given.

Each process takes its share of every global batch. Gradients are averaged by PyTorch's
DistributedDataParallel. Two layers look beyond their own rows and are exchanged for versions that agree
across processes: batch normalisation (statistics of the global batch; PyTorch's SyncBatchNorm does the same
on GPUs only) and dropout (every process draws the mask of the global batch and uses its own rows).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from spokenlang.errors import InputError


@dataclass(frozen=True)
class Group:
    """This process's place among those that train together."""

    rank: int = 0
    size: int = 1

    def share(self, rows: Tensor) -> Tensor:
        """This process's part of a global batch."""
        each = len(rows) // self.size
        return rows[self.rank * each : (self.rank + 1) * each]


def current_group() -> Group:
    """The group that `join` set up; a lone process otherwise."""
    if dist.is_available() and dist.is_initialized():
        return Group(dist.get_rank(), dist.get_world_size())
    return Group()


def join(device: str) -> tuple[Group, str]:
    """Join the group that torchrun describes in the environment, if any; also gives this process's device."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Group(), device
    dist.init_process_group("nccl" if device == "cuda" else "gloo")
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
    return current_group(), device


def leave() -> None:
    """Undo `join`."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def require_divisible(batch: int, group: Group) -> None:
    """`InputError` unless every process gets the same number of clips."""
    if batch % group.size:
        raise InputError(f"batch_size {batch} cannot be shared evenly by {group.size} processes; choose a multiple")


def spread(network: nn.Module, group: Group) -> nn.Module:
    """The network as one process uses it in training: itself, or wrapped for the group."""
    if group.size == 1:
        return network
    _exchange(network, group)
    return DistributedDataParallel(network)


class GroupBatchNorm(nn.BatchNorm2d):
    """`nn.BatchNorm2d` with the statistics of the global batch while training."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        axes = (0, 2, 3)
        count = torch.tensor([float(x.numel() // x.shape[1])], device=x.device)
        sums = torch.cat([x.sum(axes), x.square().sum(axes), count])
        sums = all_reduce(sums)
        channels = x.shape[1]
        mean, square = sums[:channels] / sums[-1], sums[channels:-1] / sums[-1]
        variance = square - mean.square()
        with torch.no_grad():
            total = sums[-1]
            self.running_mean.lerp_(mean.detach(), self.momentum)
            self.running_var.lerp_(variance.detach() * total / (total - 1), self.momentum)
            self.num_batches_tracked.add_(1)
        scale = self.weight * (variance + self.eps).rsqrt()
        return x * scale.reshape(-1, 1, 1) + (self.bias - mean * scale).reshape(-1, 1, 1)


class GroupDropout(nn.Module):
    """`nn.Dropout` that gives every row of the global batch the mask that one process would have drawn."""

    def __init__(self, share: float, group: Group) -> None:
        super().__init__()
        self.share, self.group = share, group

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        everyone = F.dropout(torch.ones(len(x) * self.group.size, *x.shape[1:], device=x.device), self.share)
        return x * self.group.share(everyone)


def _exchange(module: nn.Module, group: Group) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            child.__class__ = GroupBatchNorm
        elif isinstance(child, nn.Dropout):
            setattr(module, name, GroupDropout(child.p, group))
        else:
            _exchange(child, group)
