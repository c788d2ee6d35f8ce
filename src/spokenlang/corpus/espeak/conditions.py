"""Recording conditions: drawn for every clip from its own seed, without knowledge of its language.

A third of the clips is clean. The others went through one to three of room, noise, equalisation, band limit
and codec, in that (physical) order. Every clip, clean or not, ends at a loudness of its own between full
scale and 80 dB below it: the one difference between clips that is plain to the eye and says nothing about
language.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spokenlang.corpus import acoustics


@dataclass(frozen=True)
class ConditionConfig:
    """How often conditions occur and how severe they get."""

    clean: float = 1 / 3  # probability of no degradation at all
    count: tuple[float, ...] = (0.5, 0.35, 0.15)  # of 1, 2, 3 degradations, given at least one
    room: float = 0.21  # share of each kind among the degradations ...
    noise: float = 0.28
    eq: float = 0.21
    band: float = 0.15
    codec: float = 0.15
    rt60: tuple[float, float] = (0.15, 0.6)  # s
    direct_db: tuple[float, float] = (0.0, 12.0)  # direct sound over reverberation
    snr_db: tuple[float, float] = (3.0, 20.0)
    tilt_db: tuple[float, float] = (-3.0, 3.0)  # per octave
    peaks: int = 3  # at most so many peaks
    peak_db: tuple[float, float] = (-9.0, 9.0)
    telephone: float = 0.7  # of the band limits; the rest are dull loudspeakers
    quietest_db: float = -80.0  # peak of the quietest clip, relative to full scale
    loudness_skew: float = 1.7  # above 1, loud clips are more frequent than quiet ones


@dataclass(frozen=True)
class Conditions:
    """What one clip went through. None stands for a degradation that it was spared."""

    gain_db: float  # peak of the finished clip, relative to full scale
    seed: int  # of the noise and the room
    room: tuple[float, float] | None = None  # reverberation time in s, direct to reverberant in dB
    noise: tuple[str, float] | None = None  # kind, ratio of speech to noise in dB
    eq: tuple[float, list[tuple[float, float, float]]] | None = None  # tilt, peaks; see acoustics.equalise
    band: tuple[int, int] | None = None  # Hz
    codec: str | None = None  # name and setting, as in `CODECS`

    @property
    def clean(self) -> bool:
        """Whether loudness is all that was changed."""
        return (self.room or self.noise or self.eq or self.band or self.codec) is None

    def row(self) -> dict[str, object]:
        """Cells of `clips.csv`."""
        tilt, peaks = self.eq or (0.0, [])
        return {
            "clean": int(self.clean),
            "room": self.room and self.room[0],
            "room_direct_db": self.room and self.room[1],
            "noise": self.noise and self.noise[0],
            "snr_db": self.noise and self.noise[1],
            "eq": self.eq and " ".join([f"{tilt:+.1f}dB/oct", *(f"{h:+.1f}dB@{f:.0f}Hz" for f, h, _ in peaks)]),
            "band": self.band and f"{self.band[0]}-{self.band[1]}",
            "codec": self.codec,
            "gain_db": self.gain_db,
        }


CODECS = {
    "mulaw-8bit": lambda samples, rng: acoustics.mu_law(samples, 10.0 ** rng.uniform(-2.0, 0.0)),
    "block-4bit": lambda samples, rng: acoustics.block_pcm(samples, 4),
    "block-3bit": lambda samples, rng: acoustics.block_pcm(samples, 3),
    "transform-fine": lambda samples, rng: acoustics.transform_codec(samples, 0.8),
    "transform-coarse": lambda samples, rng: acoustics.transform_codec(samples, 1.5),
}


def draw(config: ConditionConfig, rng: np.random.Generator) -> Conditions:
    """Draw the conditions of one clip."""
    kinds: set[str] = set()
    if rng.random() >= config.clean:
        shares = np.array([config.room, config.noise, config.eq, config.band, config.codec])
        count = 1 + int(rng.choice(len(config.count), p=np.array(config.count) / sum(config.count)))
        names = ["room", "noise", "eq", "band", "codec"]
        kinds = set(rng.choice(names, size=count, replace=False, p=shares / shares.sum()).tolist())
    return Conditions(
        gain_db=round(config.quietest_db * float(rng.random()) ** config.loudness_skew, 2),
        seed=int(rng.integers(2**31)),
        room=(_uniform(config.rt60, rng), _uniform(config.direct_db, rng)) if "room" in kinds else None,
        noise=(str(rng.choice(list(acoustics.NOISES))), _uniform(config.snr_db, rng)) if "noise" in kinds else None,
        eq=_equaliser(config, rng) if "eq" in kinds else None,
        band=_band(config, rng) if "band" in kinds else None,
        codec=str(rng.choice(list(CODECS))) if "codec" in kinds else None,
    )


def apply(speech: np.ndarray, conditions: Conditions, samples: int) -> np.ndarray:
    """Put speech through its conditions; (samples,) float16, the last of the speech.

    Speech before that is the past that reverberation needs.
    """
    rng = np.random.default_rng(conditions.seed)
    heard = speech.astype(np.float64)
    if conditions.room:
        heard = acoustics.convolve(heard, acoustics.room_response(*conditions.room, rng))
    heard = heard[-samples:]
    if conditions.noise:
        kind, snr_db = conditions.noise
        heard = acoustics.mix(heard, acoustics.noise(kind, samples, rng), snr_db)
    if conditions.eq:
        heard = acoustics.equalise(heard, *conditions.eq)
    if conditions.band:
        heard = acoustics.band_limit(heard, *conditions.band)
    if conditions.codec:
        heard = CODECS[conditions.codec](heard, rng)
    peak = float(np.max(np.abs(heard)))
    loud = heard * (10.0 ** (conditions.gain_db / 20.0) / peak)
    return loud.astype(np.float32).astype(np.float16)  # in two steps: processors do the second one fast


def _uniform(bounds: tuple[float, float], rng: np.random.Generator) -> float:
    return round(float(rng.uniform(*bounds)), 2)


def _equaliser(config: ConditionConfig, rng: np.random.Generator) -> tuple[float, list[tuple[float, float, float]]]:
    peaks = [
        (
            round(float(200.0 * 2.0 ** rng.uniform(0.0, 4.1)), 1),
            _uniform(config.peak_db, rng),
            _uniform((0.15, 0.6), rng),
        )
        for _ in range(rng.integers(config.peaks + 1))
    ]
    return _uniform(config.tilt_db, rng), peaks


def _band(config: ConditionConfig, rng: np.random.Generator) -> tuple[int, int]:
    if rng.random() < config.telephone:
        return int(rng.integers(200, 401)), int(rng.integers(2900, 3501))
    return int(rng.integers(40, 150)), int(rng.integers(2200, 3201))
