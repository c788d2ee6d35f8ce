"""Numerals in words, in the six languages that the pipeline has readers in."""

from __future__ import annotations

import re

# "One" and its like are left out: they are articles and pronouns more often than numbers. So are "half" and the like,
# and words that mean something else as well (French "neuf" beside a noun is told by nothing).
_SMALL = (
    # English
    "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen "
    # German
    "null zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend million "
    "millionen dutzend "
    # Spanish
    "cero dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento doscientos "
    "trescientos quinientos mil millón millones docena "
    # French
    "zéro deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante "
    "cinquante soixante cent cents mille millions douzaine "
    # Dutch
    "nul twee drie vijf zes zeven negen tien elf twaalf dertien veertien vijftien zestien zeventien achttien "
    "negentien twintig dertig veertig vijftig zestig zeventig tachtig negentig honderd duizend miljoen dozijn "
    # Portuguese
    "dois duas três quatro sete oito nove dez doze treze catorze quinze dezesseis dezasseis dezessete dezoito "
    "dezenove vinte trinta quarenta cinquenta sessenta oitenta cem cento duzentos milhão milhões dúzia"
)
WORDS = frozenset(_SMALL.split())
_ANY = "|".join(sorted(WORDS, key=len, reverse=True))
_JOINED = r"(?:und|en|ën|ein|een|zehn|-)?"
# A compound (einundzwanzig, twenty-one, tweeëntwintig) is one numeral.
PATTERN = re.compile(rf"(?<![\w])(?:ein|een)?{_JOINED}(?:(?:{_ANY}){_JOINED})+(?:one|s)?(?!\w)", re.IGNORECASE)
