"""A corpus that was broken off, and then its half-made files came to harm: the next run gives the undisturbed bytes."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import damage
import pytest
import recordings_made
import tally

from spokenlang.corpus import importer
from spokenlang.corpus.espeak import recipe
from spokenlang.errors import InputError

HARMS = [how for how in damage.HARMS if how != "unreadable"]
Make = Callable[[Path, Callable[[int, int], None]], object]


class Stopped(Exception):
    """As a Ctrl-C in the middle of the work."""


def stop_after(count: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done >= count:
            raise Stopped

    return progress


def importing(folder: Path) -> Make:
    options = importer.Options(seconds=0.5, speech=0.1, workers=1)
    return lambda out, progress: importer.import_folder(folder, out, None, options, progress)


def speaking(out: Path, progress: Callable[[int, int], None]) -> object:
    return recipe.make(out, recipe.Options(train=4, test=2), 2, progress)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def goes_on(make: Make, scene: Path, whole: dict[str, bytes], broken: Path, name: str, how: str, seed: str) -> None:
    """Take up work of which one file has come to harm."""
    shutil.rmtree(scene, ignore_errors=True)
    shutil.copytree(broken, scene)
    if not damage.harm(scene / "made.partial" / name, how, random.Random(seed)):
        return
    tally.count("files of a corpus that is being made")
    try:
        make(scene / "made", lambda done, total: None)
        said = ""
    except (InputError, IsADirectoryError) as error:
        said = str(error)
    if said:  # what is in the way is named, and taken away
        assert str(scene / "made.partial") in said
        shutil.rmtree(scene / "made.partial")
        make(scene / "made", lambda done, total: None)
    assert content(scene / "made") == whole, (name, how)


def broken_off(make: Make, place: Path, after: int) -> tuple[dict[str, bytes], Path, list[str]]:
    """The undisturbed corpus, a folder with a half-made one, and the names of its files."""
    make(place / "whole" / "made", lambda done, total: None)
    with pytest.raises(Stopped):
        make(place / "broken" / "made", stop_after(after))
    names = sorted(content(place / "broken" / "made.partial"))
    assert len(names) > 4
    return content(place / "whole" / "made"), place / "broken", names


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recordings_made.folders(tmp_path_factory.mktemp("recordings"), files=12, seconds=1.2)


@pytest.mark.parametrize("how", [HARMS[0], *(pytest.param(how, marks=pytest.mark.long) for how in HARMS[1:])])
def test_an_import_goes_on_whatever_became_of_its_parts(recordings: Path, tmp_path: Path, how: str) -> None:
    make = importing(recordings)
    whole, broken, names = broken_off(make, tmp_path, 20)
    for name in names:
        goes_on(make, tmp_path / "scene", whole, broken, name, how, f"{name} {how}")


@pytest.mark.long
@pytest.mark.parametrize("how", HARMS)
def test_a_synthetic_corpus_goes_on_whatever_became_of_its_chunks(tmp_path: Path, how: str) -> None:
    whole, broken, names = broken_off(speaking, tmp_path, 20)
    for name in names:
        goes_on(speaking, tmp_path / "scene", whole, broken, name, how, f"{name} {how}")
