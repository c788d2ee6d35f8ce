"""espeak-ng through ctypes: a text and a voice in, samples and the times of the words out.

Two things that the library does not make obvious decide the shape of this module:

- Its output depends on what it said before. Seeding its random generators before every utterance removes most
  of that, starting it again removes nothing (a second start even corrupts it), and only a process that has
  never spoken removes the rest. So `Engine` may be made once in a process, and whoever wants the same bytes
  twice has every fixed chunk of utterances spoken by a process of its own (`spokenlang.corpus.espeak.chunks`).
- It is fast, but it always speaks to the end of the text. A sample callback that answers 1 stops it.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader
import numpy as np

from spokenlang.corpus.espeak.speakers import Speaker

RATE = 22050
"""Samples per second of the engine's output."""

# Constants of espeak-ng's public header, speak_lib.h.
_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: samples to the callback, and no thread of its own
_DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: report missing data instead of ending the process
_PARAMETER_RATE, _PARAMETER_VOLUME, _PARAMETER_PITCH, _PARAMETER_RANGE = 1, 2, 3, 4  # espeak_PARAMETER
_VOLUME = 60  # the default of 100 drives the louder variants into clipping
_BUFFER = 200  # ms between callbacks: few of them, and little spoken in vain
_UTF8 = 1  # espeakCHARS_UTF8
_EVENT_END, _EVENT_WORD = 0, 1  # espeak_EVENT_TYPE


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Utterance:
    """Speech, and which part of the text begins when."""

    samples: np.ndarray  # float32 in -1..1 at `RATE`
    text: str
    words: tuple[tuple[int, int], ...]  # (sample at which a word begins, its first character in the text)

    def between(self, first: int, last: int) -> str:
        """The words that begin between two samples."""
        inside = [at for at, (begin, _) in enumerate(self.words) if first <= begin < last]
        if not inside:
            return ""
        last_word = self.text[self.words[inside[-1]][1] :].split(maxsplit=1)[0]
        return self.text[self.words[inside[0]][1] : self.words[inside[-1]][1]] + last_word


class Engine:
    """The synthesiser. One per process: the library keeps its state in globals."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
        self._libc = ctypes.CDLL(None)
        self._blocks: list[np.ndarray] = []
        self._words: list[tuple[int, int]] = []
        self._wanted = 0
        self._have = 0
        self._callback = _Callback(self._collect)  # kept here: ctypes does not hold on to it
        data = Path(espeakng_loader.get_data_path())
        rate = self._library.espeak_Initialize(_SYNCHRONOUS, _BUFFER, str(data).encode(), _DONT_EXIT)
        if rate != RATE:
            raise RuntimeError(f"espeak-ng did not start with its data in {data} (answer {rate})")
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_SetVoiceByName(b"en")  # reads the list of voices, once

    def say(self, text: str, voice: str, speaker: Speaker, seed: int, samples: int) -> Utterance:
        """Speak `text` in the voice of a language or dialect as `speaker`.

        Stops after `samples` samples (a little more may come), or at the end of the text. `seed` decides the
        small irregularities of the voice.
        """
        name = f"{voice}+{speaker.variant}"
        if self._library.espeak_SetVoiceByName(name.encode()) != 0:
            raise RuntimeError(f"espeak-ng has no voice {name!r}")
        for parameter, value in (
            (_PARAMETER_RATE, speaker.rate),
            (_PARAMETER_VOLUME, _VOLUME),
            (_PARAMETER_PITCH, speaker.pitch),
            (_PARAMETER_RANGE, speaker.range),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._library.espeak_ng_SetRandSeed(seed)
        self._libc.srand(seed)
        self._blocks, self._words, self._wanted, self._have = [], [], samples, 0
        content = text.encode()
        answer = self._library.espeak_Synth(content, len(content) + 1, 0, 0, 0, _UTF8, None, None)
        if answer != 0:
            raise RuntimeError(f"espeak-ng refused a text in voice {name!r} (answer {answer})")
        spoken = np.concatenate([np.zeros(0, np.int16), *self._blocks])
        return Utterance(spoken.astype(np.float32) / np.float32(32768), text, tuple(self._words))

    def _collect(self, wave: ctypes._Pointer, count: int, events: ctypes._Pointer) -> int:
        at = 0
        while events and events[at].type != _EVENT_END:
            if events[at].type == _EVENT_WORD:
                begin = events[at].audio_position * RATE // 1000
                self._words.append((begin, events[at].text_position - 1))
            at += 1
        if count > 0 and wave:
            self._blocks.append(np.ctypeslib.as_array(wave, shape=(count,)).copy())
            self._have += count
        return int(self._have >= self._wanted)
