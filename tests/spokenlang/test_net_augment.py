"""Augmentation: switches that switch, and draws that depend on clip and epoch alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.network.frontend import FrontEnd, FrontEndConfig
from spokenlang.training.augment import Augment, AugmentConfig, ClipDraws, warp_matrices

OFF = AugmentConfig(crop=False, time_shift=False, stretch=0.0, mel_warp=0.0, spec_masks=0)
FRONT_END = FrontEnd(FrontEndConfig())
FEATURES = FRONT_END.features(torch.randn(12, 16000, generator=torch.Generator().manual_seed(1)))
TECHNIQUES = {
    "time_shift": True,
    "stretch": 0.1,
    "mel_warp": 0.1,
    "pauses": 1.0,
}


def views(config: AugmentConfig, rows: torch.Tensor, *, epoch: int = 0, seed: int = 0, step: int = 0) -> torch.Tensor:
    augment = Augment(config, FRONT_END, seed, FEATURES.shape[1])
    return augment.view(FEATURES, rows, rows, ClipDraws(len(FEATURES), seed, epoch), step)


def test_everything_off_is_the_clip_itself() -> None:
    rows = torch.tensor([3, 0, 7])
    torch.testing.assert_close(views(OFF, rows), FEATURES[rows], atol=0, rtol=0)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_each_technique_changes_clips_and_keeps_their_shape(technique: str) -> None:
    rows = torch.arange(6)
    view = views(replace(OFF, **{technique: TECHNIQUES[technique]}), rows)
    assert view.shape == FEATURES[rows].shape
    assert bool(view.isfinite().all())
    assert bool(((view - FEATURES[rows]).abs().amax(dim=(1, 2)) > 1e-3).all())


@settings(max_examples=tries(8), deadline=None)
@given(order=st.permutations(range(12)), cut=st.integers(1, 11), seed=st.integers(0, 5), epoch=st.integers(0, 3))
def test_a_view_depends_on_clip_and_epoch_alone(order: list[int], cut: int, seed: int, epoch: int) -> None:
    config = AugmentConfig(**TECHNIQUES, crop_max_s=1.5, crop_min_s=1.0)
    whole = views(config, torch.arange(12), seed=seed, epoch=epoch)
    parts = [torch.tensor(order[:cut]), torch.tensor(order[cut:])]
    together = torch.cat([views(config, rows, seed=seed, epoch=epoch) for rows in parts])
    torch.testing.assert_close(together, whole[torch.tensor(order)], atol=1e-5, rtol=1e-5)


def test_epochs_and_seeds_differ() -> None:
    config = AugmentConfig()
    rows = torch.arange(4)
    first = views(config, rows)
    assert not torch.equal(first, views(config, rows, epoch=1))
    assert not torch.equal(first, views(config, rows, seed=1))


def test_turning_one_technique_off_leaves_the_others_draws_alone() -> None:
    rows = torch.arange(5)
    both = ClipDraws(12, 0, 0)
    both("stretch", rows)
    alone = ClipDraws(12, 0, 0)
    torch.testing.assert_close(both("start", rows), alone("start", rows), atol=0, rtol=0)


@settings(max_examples=tries(50), deadline=None)
@given(step=st.integers(0, 10000), low=st.floats(0.3, 1.0), more=st.floats(0.0, 0.9))
def test_crops_keep_to_their_limits(step: int, low: float, more: float) -> None:
    config = AugmentConfig(crop_min_s=low, crop_max_s=low + more, mel_warp=0.0)
    frames = Augment(config, FRONT_END, 0, FEATURES.shape[1]).crop_frames(step)
    assert round(low * 50) <= frames <= min(round((low + more) * 50), FEATURES.shape[1])


def test_the_middle_warp_is_none_and_the_ends_move_peaks() -> None:
    matrices = warp_matrices(FrontEndConfig(), 0.2)
    torch.testing.assert_close(matrices[16], torch.eye(40), atol=1e-4, rtol=0)
    torch.testing.assert_close(matrices.sum(dim=1), torch.ones(33, 40), atol=1e-5, rtol=0)
    peak = torch.zeros(40)
    peak[20] = 1.0
    assert int((peak @ matrices[0]).argmax()) < 20 < int((peak @ matrices[-1]).argmax())


def test_masks_cover_bands_and_frames_with_the_mean() -> None:
    config = replace(OFF, spec_masks=2, spec_time_s=0.3, spec_bands=6)
    augment = Augment(config, FRONT_END, 0, FEATURES.shape[1])
    masked = augment.mask(torch.ones(12, 100, 40), torch.arange(12), ClipDraws(12, 0, 0))
    hidden = masked == 0
    assert bool(hidden.any())
    assert int(hidden.all(dim=2).sum(dim=1).max()) <= 2 * 16
    assert int(hidden.all(dim=1).sum(dim=1).max()) <= 2 * 7
    plain = Augment(OFF, FRONT_END, 0, 100)
    assert bool((plain.mask(torch.ones(2, 100, 40), torch.arange(2), ClipDraws(12, 0, 0)) == 1).all())
