"""The synthetic speakers and the dialects they speak.

Every speaker speaks all six languages, equally often, so that no voice gives a language away. A speaker is
one of espeak-ng's voice variants (the timbre) at a pitch, rate and liveliness of its own, with a vocal tract
a little longer or shorter. Variants that are one voice in effect form a family, and families, not speakers,
are what is kept apart between training, validation and test: `clips.csv` has the family as the clip's group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Speaker:
    """One voice. The numbers for pitch, rate and range are espeak-ng's own."""

    name: str  # family and number
    family: str  # the group: its speakers sound alike
    variant: str  # espeak-ng's voice variant
    pitch: int  # 0..99; 50 is the variant's own pitch
    rate: int  # words a minute
    range: int  # 0..99, how far the pitch moves; 50 is the variant's own range
    tract: float  # formants and pitch are multiplied by this: above 1, a shorter vocal tract


@dataclass(frozen=True)
class Dialect:
    """A variety of a language that espeak-ng speaks."""

    tag: str  # as clips.csv names it
    voice: str  # espeak-ng's name for it


@dataclass(frozen=True)
class SpeakerConfig:
    """From where to where the speakers' traits range."""

    clips_each: int = 4  # clips of one language that one speaker speaks in a corpus of full size
    pitch: tuple[int, int] = (28, 72)
    rate: tuple[int, int] = (135, 215)
    range: tuple[int, int] = (25, 85)
    tract: tuple[float, float] = (0.94, 1.07)


# Settings and sound alone decided who is in, which variants are one voice, and who is heard in testing: `voices`
# measures them, says why a variant is left out, and prints these lines.
TRAIN_FAMILIES: dict[str, tuple[str, ...]] = {
    "adam": ("adam", "announcer", "benjamin", "edward", "edward2", "klatt3", "klatt4", "klatt5", "klatt6", "Reed"),
    "alex": (
        "Alex",
        "croak",
        "fast",
        "grandpa",
        "john",
        "m1",
        "m2",
        "m3",
        "m4",
        "m5",
        "m6",
        "max",
        "Mike",
        "rob",
        "robert",
        "sandro",
    ),
    "andy": ("Andy",),
    "aunty": ("aunty", "f4"),
    "belinda": ("belinda",),
    "boris": ("boris",),
    "david": ("david",),
    "f1": ("f1",),
    "f2": ("f2",),
    "f3": ("f3",),
    "gene": ("Gene", "Gene2"),
    "grandma": ("grandma",),
    "gustave": ("gustave", "Michael"),
    "ian": ("ian",),
    "iven": ("iven", "iven2", "iven3", "iven4"),
    "jacky": ("Jacky",),
    "lee": ("Lee",),
    "linda": ("linda",),
    "m7": ("m7",),
    "marcelo": ("marcelo",),
    "mario": ("Mario",),
    "mike2": ("mike2",),
    "mr-serious": ("Mr serious",),
    "nguyen": ("Nguyen",),
    "pablo": ("pablo",),
    "paul": ("paul", "quincy"),
    "steph": ("steph", "steph2", "steph3"),
    "storm": ("Storm",),
    "tweaky": ("Tweaky",),
}
TEST_FAMILIES: dict[str, tuple[str, ...]] = {
    "annie": ("Annie",),
    "denis": ("Denis",),
    "diogo": ("Diogo", "Henrique", "Hugo", "michel", "miguel"),
    "ed": ("ed",),
    "f5": ("f5",),
    "m8": ("m8",),
    "norbert": ("norbert",),
    "shelby": ("shelby",),
    "travis": ("travis",),
    "victor": ("victor",),
}

TRAIN_DIALECTS: dict[str, tuple[Dialect, ...]] = {
    "de": (Dialect("de", "de"),),
    "en": (
        Dialect("en-gb", "en"),
        Dialect("en-us", "en-us"),
        Dialect("en-gb-x-rp", "en-gb-x-rp"),
        Dialect("en-gb-x-gbclan", "en-gb-x-gbclan"),
        Dialect("en-us-nyc", "en-us-nyc"),
    ),
    "es": (Dialect("es-419", "es-419"),),
    "fr": (Dialect("fr-fr", "fr"), Dialect("fr-be", "fr-be")),
    "nl": (Dialect("nl", "nl"),),
    "pt": (Dialect("pt-br", "pt-br"),),
}
"""Spoken in training and in the test set: what any collection of recordings of a language holds most of, because
most people who speak it speak it so. That is Latin American Spanish and Brazilian Portuguese (Brazil alone has some
twenty times Portugal's speakers), and English in several accents from both sides of the Atlantic."""
NEW_DIALECTS: dict[str, tuple[Dialect, ...]] = {
    "en": (Dialect("en-gb-scotland", "en-gb-scotland"), Dialect("en-029", "en-029")),
    "es": (Dialect("es-es", "es"),),
    "fr": (Dialect("fr-ch", "fr-ch"),),
    "pt": (Dialect("pt-pt", "pt"),),
}
"""Never heard in training: the second test set, spoken by the speakers of the first, so that a difference between the
two is one of dialect. They differ from what was trained in different measure: Swiss French hardly (its numerals),
Castilian by a consonant, European Portuguese by its swallowed vowels, Scottish and Caribbean English by most vowels."""


def cast(families: dict[str, tuple[str, ...]], clips: int, config: SpeakerConfig, seed: int) -> list[Speaker]:
    """The speakers of a split with `clips` clips a language: as many of each family as can be, families in
    turn.

    Speaker number n is of family n modulo the number of families, so the first so many speakers of any number
    are balanced over families too.
    """
    count = min(clips, max(len(families), -(-clips // config.clips_each)))
    rng = np.random.default_rng(seed)
    names = list(families)
    order = rng.permutation(len(names))
    speakers = []
    for number in range(count):
        family = names[order[number % len(names)]]
        take = number // len(names)
        variants = families[family]
        speakers.append(
            Speaker(
                name=f"{family}-{take}",
                family=family,
                variant=variants[take % len(variants)],
                pitch=int(rng.integers(config.pitch[0], config.pitch[1] + 1)),
                rate=int(rng.integers(config.rate[0], config.rate[1] + 1)),
                range=int(rng.integers(config.range[0], config.range[1] + 1)),
                tract=round(float(rng.uniform(*config.tract)), 3),
            )
        )
    return speakers


def roles(speakers: list[Speaker], dialects: tuple[Dialect, ...], clips: int) -> list[tuple[Speaker, Dialect]]:
    """Who speaks each of a language's clips, and in which dialect.

    Speakers take turns. So do, within each family, the dialects: shifted by one from family to family and
    from round to round, so that neither a family nor a speaker goes with a dialect.
    """
    families = list(dict.fromkeys(speaker.family for speaker in speakers))
    parts = []
    for clip in range(clips):
        turn, number = divmod(clip, len(speakers))
        take, family = divmod(number, len(families))
        parts.append((speakers[number], dialects[(turn + take + family) % len(dialects)]))
    return parts
