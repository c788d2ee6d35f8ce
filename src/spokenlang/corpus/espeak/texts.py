"""What the synthetic speakers say: random real words, in about the proportions and with the breaks of real
text.

The words and their frequencies are wordfreq's (its data: CC BY-SA 4.0, Robyn Speer and sources named there).
The sentences mean nothing. What they keep of a language is its vocabulary, its sounds and their sequences,
its share of function words, and, from the punctuation, its intonation; word order beyond "function words come
before content words" is lost. That is enough, because what tells languages apart in a few seconds of sound is
short stretches of phones.
"""

from __future__ import annotations

import random
import re
import unicodedata
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate

import wordfreq

from spokenlang.languages import CODES


@dataclass(frozen=True)
class TextConfig:
    """How sentences are put together; the same for every language, so that nothing but the words differs."""

    function_words: int = 90  # the commonest words, which serve as the glue between content words
    content_words: int = 4000  # how many of the words after those are in use
    flatten: float = 0.75  # exponent on the frequency of content words: below 1, rarer words come up more often
    foreign: float = 1.5  # drop a content word this many times more frequent in another of the languages
    glue: float = 0.7  # probability of each further function word before a content word (at most two)
    clause: tuple[int, int] = (3, 8)  # shortest and longest clause, in content words
    number: float = 0.04  # share of content words that are replaced by a number
    comma: float = 0.5  # of all clause ends; the rest are ends of sentences
    question: float = 0.2  # of all sentence ends


VOWEL = re.compile("[aeiouyàáâãäæèéêëìíîïòóôõöœøùúûü]")
_WORD = re.compile("[a-zà-öø-ÿœß]+")
_OFFENSIVE = re.compile(
    "fuck|shit|bitch|porn|rape|nigg|cunt|whore|slut|dick|penis|vagin|sex|nazi|hitler|fick|schei[sß]|arsch|hure"
    "|nutte|puta|mierd|joder|coño|polla|verga|put[ae]in|merd|salope|enculé|connard|foutre|bite$|couille|neuk|kut"
    "|hoer|lul$|klote|caralh|porra|foder|foda|buceta|viado"
)
_ELIDED = frozenset({"le", "la", "de", "que", "je", "ne", "se", "ce", "me", "te"})


class Vocabulary:
    """The words of one language, with the probability of each."""

    def __init__(self, code: str, config: TextConfig) -> None:
        own = wordfreq.get_frequency_dict(code, "small")
        others = [wordfreq.get_frequency_dict(name, "small") for name in CODES if name != code]
        speakable = _speakable if code in CODES else _latin
        # Equal frequencies in alphabetical order: the source's own order is not promised.
        ranked = sorted((word for word in own if speakable(word)), key=lambda word: (-own[word], word))
        function = ranked[: config.function_words]
        content = [
            word
            for word in ranked[config.function_words :]
            if len(word) > 2
            and not _OFFENSIVE.search(word)
            and max(other.get(word, 0.0) for other in others) < config.foreign * own[word]
        ][: config.content_words]
        self.code = code
        self.config = config
        self._function = function
        self._content = content
        self._function_cdf = list(accumulate(own[word] for word in function))
        self._content_cdf = list(accumulate(own[word] ** config.flatten for word in content))

    def sentences(self, words: int, rng: random.Random) -> str:
        """At least `words` words of running text, with punctuation."""
        clauses: list[str] = []
        spoken = 0
        starts_sentence = True
        while spoken < words:
            clause = self._clause(rng)
            spoken += len(clause)
            text = " ".join(clause)
            end = self._end(rng)
            clauses.append((text[0].upper() + text[1:] if starts_sentence else text) + end)
            starts_sentence = end != ","
        return " ".join(clauses)

    def _clause(self, rng: random.Random) -> list[str]:
        words: list[str] = []
        for _ in range(rng.randint(*self.config.clause)):
            for _ in range(2):
                if rng.random() < self.config.glue:
                    words.append(self._draw(self._function, self._function_cdf, rng))
            if rng.random() < self.config.number:
                words.append(str(rng.randint(2, 99) if rng.random() < 0.7 else rng.randint(100, 2029)))
            else:
                words.append(self._draw(self._content, self._content_cdf, rng))
        unrepeated = [word for at, word in enumerate(words) if at == 0 or word != words[at - 1]]
        return _elide(unrepeated) if self.code == "fr" else unrepeated

    def _end(self, rng: random.Random) -> str:
        if rng.random() < self.config.comma:
            return ","
        return "?" if rng.random() < self.config.question else "."

    @staticmethod
    def _draw(words: list[str], cdf: list[float], rng: random.Random) -> str:
        return words[bisect(cdf, rng.random() * cdf[-1], hi=len(cdf) - 1)]


def _speakable(word: str) -> bool:
    """Whether a word is letters only and has a vowel: neither a number nor an abbreviation that gets spelt
    out."""
    return bool(_WORD.fullmatch(word) and VOWEL.search(word))


def _latin(word: str) -> bool:
    """The same for any language of Latin letters, whatever signs stand on them."""
    return word.isalpha() and _speakable(unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode())


def _elide(words: list[str]) -> list[str]:
    """French joins some words to a following vowel: je + ai -> j'ai."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in _ELIDED and VOWEL.match(word):
            joined[-1] = f"{joined[-1][:-1]}'{word}"
        else:
            joined.append(word)
    return joined
