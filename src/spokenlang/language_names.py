"""Languages as people write them, and what is known of each.

`de`, `DE`, `german`, `Deutsch`, `en-GB`, `pt_BR`, `deu`, `ger` and `cmn_hans_cn` are all understood (by langcodes,
with the names of Unicode CLDR). The code that a corpus then uses is ISO 639-1 where there is one, else ISO 639-3.
"""

from __future__ import annotations

import functools
import re
import unicodedata

import langcodes
from langcodes.tag_parser import LanguageTagError

from spokenlang.languages import CODES, LANGUAGES, Language

BRANCHES = {
    "Germanic": "af da de en fo fy is lb nl nn no sco sv yi",
    "Romance": "ast ca es fr gl ia it la oc pt ro",
    "Slavic": "be bg bs cs hr mk pl ru sk sl sr uk",
    "Baltic": "lt lv",
    "Celtic": "br cy ga gv",
    "Albanian": "sq",
    "Armenian": "hy",
    "Greek": "el",
    "Indo-Aryan": "as bn gu hi mr ne or pa sa sd si ur",
    "Iranian": "ckb fa ku ps tg",
    "Uralic": "et fi hu",
    "Basque": "eu",
    "Turkic": "az ba cv kk ky sah tk tr tt ug uz",
    "Mongolic": "mn",
    "Kartvelian": "ka",
    "Semitic": "am ar he mt",
    "Cushitic": "om so",
    "Chadic": "ha",
    "Dravidian": "kn ml ta te",
    "Sinitic": "yue zh",
    "Burmo-Qiangic": "my",
    "Bodic": "bo",
    "Tai": "lo th",
    "Austroasiatic": "km vi",
    "Malayo-Polynesian": "ceb fil haw id jv mg mi ms su war",
    "Japonic": "ja",
    "Koreanic": "ko",
    "Bantu": "lg ln ny rw sn sw umb xh zu",
    "Volta-Congo": "ig yo",
    "Atlantic-Congo": "ff wo",
    "Nilotic": "luo",
    "Mande": "bm",
    "Portuguese creole": "kea",
    "French creole": "ht",
    "Tupian": "gn",
    "Constructed": "eo",
}
"""Branch or, where that is all, family of each language of VoxLingua107, FLEURS and Multilingual LibriSpeech.

After Glottolog 5 (https://glottolog.org, CC BY 4.0), at the level that people name; of other languages none is said.
"""
_BRANCH = {code: branch for branch, codes in BRANCHES.items() for code in codes.split()}
_SAME = {"nb": "no"}  # VoxLingua107 says no, FLEURS nb_no, Common Voice nb-NO: one language
_TAG = re.compile(r"([a-z]{2,3})((?:-[a-z0-9]{2,8})*)")


@functools.cache
def resolve(name: str, asked: frozenset[str] = frozenset()) -> str | None:
    """Code of a language that people call `name`; None if that is no language's name.

    `asked` are codes that count whatever this module knows of them: small languages that somebody names on purpose.
    """
    if name.strip().lower() in asked:
        return name.strip().lower()
    text = unicodedata.normalize("NFC", name).strip()
    found = _TAG.fullmatch(text.replace("_", "-").lower())
    if found:
        try:
            return _known(langcodes.Language.get(found[0], normalize=True))
        except (LanguageTagError, ValueError):
            return None
    try:
        return _known(langcodes.find(text.replace("_", " ").split("(")[0].strip()))
    except LookupError:
        return None


def _known(language: langcodes.Language) -> str | None:
    code = language.language or ""
    if code not in _BRANCH:
        code = language.prefer_macrolanguage().language or ""
    code = _SAME.get(code, code)
    # "wav", "dev" and "raw" are ISO 639-3 codes of small languages; a folder of that name is none of them.
    return code if code in _BRANCH or (len(code) == 2 and language.is_valid()) else None


@functools.cache
def describe(code: str) -> Language:
    """What is known of a language: its English name and its branch ("" where the table has none)."""
    for language in LANGUAGES:
        if language.code == code:
            return language
    name = langcodes.Language.get(code).display_name()
    return Language(code, code if name.startswith("Unknown language") else name, _BRANCH.get(code, ""))


def in_order(codes: set[str]) -> tuple[str, ...]:
    """A corpus's languages in label order: those of the assignment first, in its order, the others by code."""
    return (*(code for code in CODES if code in codes), *sorted(codes - set(CODES)))
