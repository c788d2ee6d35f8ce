"""Words and sentences counted as a person would count them, on text with or without Markdown.

pysbd and sentencex were tried on the sentences of the tests (33 and 38 of 45 right); both split `ca. 6 s` and keep
`Vitamin C. It helps.` together, and pysbd has no Portuguese. What follows is short and right on all of them.
"""

from __future__ import annotations

import re
import unicodedata

# Abbreviations after which a sentence goes on, whatever follows.
ABBREVIATIONS = frozenset((
    "e.g", "i.e", "cf", "vs", "viz", "fig", "figs", "eq", "eqs", "sec", "secs", "ch", "chap", "ref", "refs", "no",
    "nos", "nr", "vol", "pp", "p", "approx", "ca", "resp", "incl", "excl", "est", "dr", "mr", "mrs", "ms", "prof",
    "st", "rev", "gen", "col", "lt", "sgt", "hon", "capt", "z.b", "d.h", "u.a", "o.ä", "bzw", "ggf", "evtl", "bspw",
    "vgl", "abb", "tab", "abs", "hr", "fr", "frau", "dipl", "ing", "usw.u", "sr", "sra", "srta", "dra", "ud", "uds",
    "p.ej", "ej", "pág", "núm", "art", "m", "mm", "mme", "mlle", "mgr", "p.ex", "ex", "env", "bijv", "o.a", "d.w.z",
    "m.b.t", "dhr", "mevr", "mw", "blz", "jl", "ir", "drs", "exa", "exmo", "prof.a", "v.g",
))  # fmt: skip
# Words of their own as well.
AMBIGUOUS = frozenset(
    ["no", "nos", "art", "sec", "ref", "abs", "tab", "hr", "gen", "col", "en", "ex", "m", "st", "rev"]
)
# After these a sentence may end: it does where a capital follows.
CLOSING = frozenset(["etc", "al", "a.m", "p.m", "usw", "enz", "jr", "inc", "ltd", "co", "corp", "u.ä"])
# Words that begin a sentence rather than a name.
OPENING = frozenset((
    "the", "a", "an", "it", "its", "he", "she", "they", "we", "you", "i", "this", "that", "these", "those", "there",
    "here", "then", "thus", "so", "but", "and", "or", "if", "when", "while", "in", "on", "at", "as", "for", "from",
    "by", "with", "after", "before", "both", "each", "all", "no", "not", "now", "our", "their", "his", "her", "my",
    "your", "one", "two", "what", "who", "how", "why", "however", "therefore", "also", "some", "many", "most",
    "other", "to", "is", "are", "was", "were", "der", "die", "das", "ein", "eine", "er", "sie", "es", "wir", "ihr",
    "ich", "dann", "dies", "diese", "dieser", "und", "aber", "oder", "wenn", "als", "im", "am", "auf", "mit",
    "nach", "vor", "el", "la", "los", "las", "un", "una", "él", "ella", "ellos", "se", "son", "y", "pero", "si",
    "cuando", "en", "con", "le", "les", "une", "il", "elle", "ils", "elles", "nous", "vous", "ce", "cette", "ces",
    "et", "mais", "quand", "dans", "avec", "voilà", "de", "het", "een", "hij", "zij", "ze", "wij", "dit", "deze",
    "maar", "of", "toen", "nog", "o", "os", "um", "uma", "ele", "ela", "eles", "nós", "isto", "este", "esta", "e",
    "mas", "quando", "em", "com", "são",
))  # fmt: skip
_MONTHS = frozenset((
    "januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober", "november",
    "dezember",
))  # fmt: skip
_ORDINAL_BEFORE = frozenset(
    ["am", "der", "die", "das", "den", "dem", "des", "im", "vom", "zum", "zur", "beim", "bis", "ab", "seit"]
)
_LABEL = re.compile(
    r"\b(?:vitamin|option|class|group|type|panel|case|plan|model|part|section|appendix|grade|and|or)\s$", re.I
)
_WORD = re.compile(r"[^\W_]+(?:(?:['’\-‐‑.]|(?<=\d)[,:/×%](?=\d))[^\W_]+)*")
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)")
_TAG = re.compile(r"</?[A-Za-z][\w-]*(?:\s+[\w:-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))*\s*/?>")
_FORMULA = re.compile(
    r"(?<![\\$\w])\$\$.+?\$\$|(?<![\\$])\$(?=[^\s$])(?:[^$\n]|\n(?!\s*\n))*?(?<=[^\s$\\])\$(?!\d)", re.DOTALL
)
_ADDRESS = re.compile(r"<?https?://[^\s<>]*[^\s<>.,;:!?)]>?")
_MARKER = re.compile(r"\s*(?:[-*+]|\d+[.)]|#{1,6})\s")


def plain(markdown: str) -> str:
    """The text that a reader sees: no markup, link targets, attributes, comments or citations."""
    text = unicodedata.normalize("NFC", markdown).translate(dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF)))
    text = re.sub(r"<!--.*?-->", " ", text, flags=re.DOTALL)
    text = re.sub(r"^(```|~~~).*?^\1\s*$", " ", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)(\{[^}]*\})?", r"\1", text)
    text = re.sub(r"\[\^[^\]]*\]:?", " ", text)
    text = re.sub(r"\[[^\[\]]*@[\w:.-]+[^\[\]]*\]", " ", text)
    text = re.sub(r"\[([^\[\]]*)\](\([^)]*\)|\{[^}]*\}|\[[^\]]*\])", r"\1", text)
    text = _FORMULA.sub("formula", text)
    text = _ADDRESS.sub("address", text)
    text = re.sub(r"^:{3,}.*$", " ", text, flags=re.MULTILINE)
    text = "\n\n".join(_unmarked(block) for block in re.split(r"\n\s*\n", text))
    text = re.sub(r"\{[#.][^}]*\}", " ", text)
    text = _TAG.sub(" ", text)
    text = re.sub(r"(\*\*|\*|__|~~|`|\$)", "", text)
    text = re.sub(r"(?<!\w)_(\S(?:.*?\S)?)_(?!\w)", r"\1", text)
    return re.sub(r"\\([^\w\s])", r"\1", text)


def words(markdown: str) -> int:
    """How many words: contractions, hyphenated compounds, numbers (`1,000`, `95.4%`), formulas and addresses are one
    each; citations are none."""
    return len(_WORD.findall(plain(markdown)))


def sentences(markdown: str) -> int:
    """How many sentences: a stop in an abbreviation, number or name ends none; a list item is one."""
    count = 0
    for block in re.split(r"\n\s*\n", markdown):
        for item in _items(block):
            text = " ".join(plain(item).split())
            # An abbreviation written with spaces (z. B.) is one word.
            text = re.sub(r"(?<!\w)([a-z])\. (?=(?:[A-Za-z]|ej|ex)\.)", r"\1.", text)
            if _WORD.search(text):
                count += sum(_ends(text, match) for match in _END.finditer(text))
                count += not re.search(r"[.!?…]+[\"'”’»)\]]*$", text)
    return count


STEMMERS = {"de": "german", "es": "spanish", "fr": "french", "nl": "dutch", "pt": "portuguese"}


def mentions(text: str, phrase: str, language: str = "en") -> bool:
    """Whether the words of `phrase` occur in a text, in any inflection; `optimi*` is any word that begins so."""
    import snowballstemmer

    stem = snowballstemmer.stemmer(STEMMERS.get(language[:2].lower(), "english")).stemWord
    wanted = [each.lower() for each in re.findall(r"\w+(?:[-'’]\w+)*\*?", phrase)]
    heads = {each[:2] for each in wanted}
    said = [each.lower() for each in re.findall(r"\w+(?:[-'’]\w+)*", text)]
    said += [part for each in said if "-" in each for part in each.split("-")]  # a compound says its parts

    def same(word: str, want: str) -> bool:
        if want.endswith("*"):
            return word.startswith(want[:-1])
        return word[:2] in heads and (word == want or stem(word) == stem(want))

    return bool(wanted) and any(
        all(same(word, want) for word, want in zip(said[at : at + len(wanted)], wanted, strict=True))
        for at in range(len(said) - len(wanted) + 1)
    )


def _unmarked(block: str) -> str:
    """A block without the marks of its list, heading or quotation; a number that begins a later line is a number."""
    lines = [re.sub(r"^\s*>\s?", "", line) for line in block.split("\n")]
    listed = bool(lines) and bool(_MARKER.match(lines[0] if lines[0].strip() else "\n".join(lines).lstrip("\n")))
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    return "\n".join(_MARKER.sub(" ", line, count=1) if (i == first or listed) and _MARKER.match(line) else line
                     for i, line in enumerate(lines))  # fmt: skip


def _items(block: str) -> list[str]:
    """A list's items, or the block."""
    if not _MARKER.match(block):
        return [block]
    return re.split(r"\n(?=\s*(?:[-*+]|\d+[.)])\s)", block)


def _ends(text: str, match: re.Match[str]) -> bool:
    """Whether this punctuation ends a sentence."""
    after = text[match.end() :].lstrip().lstrip("\"'“‘«([¿¡")
    if not after:
        return True
    before = text[: match.start()]
    word = re.search(r"(\S+)$", before)
    last = re.split(r"['’]", word.group(1).lstrip("([\"'“‘«"))[-1] if word else ""
    following = re.match(r"[^\W_]+(?:['’.][^\W_]+)*", after)
    name = following.group() if following else ""
    opening = name.split("'")[0].split("’")[0].lower() in OPENING
    # "eBay" and "y = 5" may begin a sentence; no other word in lower case does.
    if name[:1].islower() and not re.match(r"[a-z]+[A-Z]|[a-z]\s*=", after):
        return False
    if match.group()[0] != ".":
        return True
    if match.group().startswith(".."):
        return name[:1].isupper()
    if last.lower() in ABBREVIATIONS:
        return opening and last.lower() in AMBIGUOUS
    if last.lower() in CLOSING:
        return name[:1].isupper()
    if re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]", last):
        return opening
    if re.fullmatch(r"[^\W\d_]", last):
        initial = re.match(r"[A-Z]\.|[^\W\d_]{2,}", after) is not None
        return opening or not initial or bool(_LABEL.search(before[: len(before) - len(last)]))
    if last.isdigit() and len(last) <= 2:
        prior = re.search(r"(\S+)\s+\S+$", before)
        return not (name.lower() in _MONTHS or (prior and prior.group(1).lower() in _ORDINAL_BEFORE and not opening))
    return True
