"""What a network listened to: how much each moment of a clip speaks for the decision."""

from __future__ import annotations

import numpy as np
import torch

from spokenlang.network.frontend import SAMPLE_RATE, as_batch
from spokenlang.network.models import LanguageModel


def over_time(model: LanguageModel, clip: np.ndarray, classes: int | None = None) -> np.ndarray:
    """Gradient times input on the normalised features, summed over the bands: (samples,) -> (frames,).

    Positive where the moment raises the predicted class's logit (or class ``classes``) against a clip of average
    features; Shrikumar et al. 2016. It is an approximation to first order, not a proof of what mattered. Pauses have 0.
    """
    model.eval()
    waveform = as_batch(torch.from_numpy(np.asarray(clip, dtype=np.float32)))
    with torch.no_grad():
        features = model.front_end(waveform)
    features = features.detach().requires_grad_()
    logits = model.network(features)
    chosen = int(logits.argmax()) if classes is None else classes
    gradient = torch.autograd.grad(logits[0, min(chosen, logits.shape[1] - 1)], features)[0]
    shares = (gradient * features).sum(dim=2)[0].detach().numpy()
    # The front end moves a clip to its first sample; behind the speech there are only zeros, which come round here.
    lead = int(np.argmax(np.asarray(clip) != 0)) / SAMPLE_RATE * 1000 / model.front_end.config.hop_ms
    return np.roll(shares, round(lead))
