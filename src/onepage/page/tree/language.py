"""The page's language: `lang` of report.md's header, and the words that the pipeline itself writes on the page."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from onepage.core.errors import UserError
from onepage.page.tree import pandoc

_TAG = re.compile(r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?((?:-[A-Za-z0-9]{2,8})*)\Z")
# ISO 639-1; a longer code is known where pandoc has words for it.
_CODES = """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el
    en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu
    ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na
    nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so
    sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
CODES = frozenset(_CODES.split())
RIGHT_TO_LEFT = {"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"}
_SAME = {"no": "nb", "nn": "nb"}  # languages that borrow another's words where they have none


@dataclass(frozen=True)
class Language:
    """A language tag, taken apart."""

    tag: str  # as HTML has it: en-GB
    code: str  # en
    region: str | None  # GB; None where the tag has none, or one that is no country

    def __str__(self) -> str:
        return self.tag

    def word(self, english: str) -> str:
        """The language's own word for `Figure`, `Table`, `References`; English where there is none."""
        return _words(self.code, self.region).get(english, english)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return "rtl" if self.code in RIGHT_TO_LEFT else "ltr"

    @property
    def note(self) -> str | None:
        """What to know about a language whose words are not there."""
        if self.code == "en" or _words(self.code, self.region):
            return None
        return f'lang: "{self.tag}": there are no words for Figure, Table and References; they are English'


ENGLISH = Language("en", "en", None)


def parse(content: object, where: str) -> Language:
    """The language of a header's `lang`; what is none is one line."""
    if content is None or content == "":
        return ENGLISH
    if content is False:  # YAML takes the code of Norwegian for "no"
        content = "no"
    match = _TAG.match(content.strip().replace("_", "-")) if isinstance(content, str) else None
    code = match.group(1).lower() if match else ""
    if not match or (code not in CODES and not _words(code, None)):
        raise UserError(f'{where}: lang: {content!r} is no language; write its code: en, en-GB, nl, "no", pt-BR')
    script, region = match.group(2), match.group(3)
    region = region.upper() if region else None
    parts = [code, script.title() if script else None, region]
    tag = "-".join(part for part in parts if part) + match.group(4)
    return Language(tag, code, region if region and region.isalpha() else None)


@functools.cache
def _words(code: str, region: str | None) -> dict[str, str]:
    """pandoc's own translations, from English."""
    if code == "en":
        return {}
    for name in (f"{code}-{region}", code, _SAME.get(code)):
        if not name or name.endswith("-None"):
            continue
        done = pandoc.run([f"--print-default-data-file=translations/{name}.yaml"], fail=False)
        if done.returncode == 0:
            lines = (line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)
            return {key.strip(): value.strip().strip("'\"") for key, value in lines}
    return {}
