"""The synthetic corpus: who speaks what in it, and the same bytes however it is made."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from spokenlang.commands import cli
from spokenlang.corpus.espeak import conditions, recipe, speakers
from spokenlang.corpus.espeak.chunks import Clip
from spokenlang.corpus.espeak.recipe import Options
from spokenlang.corpus.splits import hold_out
from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.languages import CODES

TINY = Options(train=7, test=2)  # 42 + 12 + 8 clips: four chunks


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("espeak") / "corpus"
    assert recipe.make(out, TINY, jobs=2)
    return out


@pytest.fixture(scope="module")
def plan() -> dict[str, list[Clip]]:
    """The plan of the corpus of full size, by split."""
    clips = defaultdict(list)
    for chunk in recipe.recipe(Options()):
        for clip in chunk:
            clips[clip.split].append(clip)
    return clips


def test_it_has_the_shape_of_the_assignments_data(tiny: Path) -> None:
    store = ClipStore.open(tiny)
    assert (store.names, store.samples) == (("train", "test", "dialects"), 40000)
    assert np.bincount(store.targets("train")).tolist() == [7] * 6
    assert np.bincount(store.targets("test")).tolist() == [2] * 6
    assert np.bincount(store.targets("dialects"), minlength=6).tolist() == [0, 2, 2, 2, 0, 2]
    assert not any(store.check().silent.values())
    assert not store.check().warnings
    assert sorted(path.name for path in tiny.parent.iterdir()) == ["corpus"], "nothing is left lying about"


def test_every_clip_is_audible_speech_at_the_loudness_that_clips_csv_gives(tiny: Path) -> None:
    store = ClipStore.open(tiny)
    for split in store.names:
        about = store.clips(split)
        samples = store.inputs(split).astype(np.float64)
        peaks = 20 * np.log10(np.abs(samples).max(axis=1))
        np.testing.assert_allclose(peaks, about["gain_db"], atol=0.05)
        # Levels of 50 ms; speech pauses, but not for most of a clip.
        levels = (samples.reshape(len(samples), -1, 400) ** 2).mean(axis=2)
        assert ((levels > levels.max(axis=1, keepdims=True) * 1e-4).mean(axis=1) > 0.5).all()
        assert all(len(text.split()) >= 4 for text in about["text"])


def test_the_surroundings_and_the_number_of_processes_leave_no_trace(tiny: Path, tmp_path: Path) -> None:
    surroundings = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LANG": "de_DE.UTF-8", "HOME": str(tmp_path)}
    arguments = ["corpus", "make", "espeak", "--train", "7", "--test", "2", "--workers", "1", "--out", "again"]
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from spokenlang.commands.cli import main; sys.exit(main(sys.argv[1:]))",
            *arguments,
        ],
        cwd=tmp_path,
        env={**os.environ, **surroundings},
        check=True,
        capture_output=True,
    )
    assert digests(tmp_path / "again") == digests(tiny)


def test_a_killed_build_goes_on_where_it_stopped(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    work = tmp_path / "corpus.partial"
    build = "from pathlib import Path; from spokenlang.corpus.espeak import recipe; import sys;"
    build += "recipe.make(Path(sys.argv[1]), recipe.Options(train=7, test=2), jobs=1)"
    process = subprocess.Popen([sys.executable, "-c", build, str(out)])
    deadline = time.monotonic() + 60
    while not list(work.glob("chunks/*.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    assert list(work.glob("chunks/*.json"))

    # One more chunk whose bytes never reached the disk although its record did.
    with (work / "inputs_train_fp16.npy").open("r+b") as file:
        file.seek(128 + 17)
        file.write(b"\xff\xff\xff")
    told: list[tuple[int, int]] = []
    recipe.make(out, TINY, jobs=2, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (62, 62)
    assert digests(out) == digests(tiny)
    assert not work.exists()


def test_what_stands_is_left_alone_and_what_is_not_ours_is_not_touched(tiny: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in tiny.iterdir()}
    assert not recipe.make(tiny, TINY)
    assert {path: path.stat().st_mtime_ns for path in tiny.iterdir()} == before
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="exists and is no synthetic corpus"):
        recipe.make(tmp_path, TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_corpus_of_another_recipe_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    assert recipe.make(out, Options(train=1, test=1), jobs=1)
    assert recipe.make(out, Options(train=2, test=1), jobs=1)
    assert len(ClipStore.open(out).targets("train")) == 12
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


@pytest.mark.parametrize(
    ("arguments", "finding"),
    [
        (["--out", "{0}/file/corpus"], "file/corpus.partial: cannot be written"),
        (["--out", "{0}/file"], "file: exists and is no synthetic corpus"),
        (["--out", "{0}/new", "--train", "0"], "at least one clip of each language"),
    ],
)
def test_a_wrong_call_is_one_clear_line(
    arguments: list[str], finding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    filled = [argument.format(tmp_path) for argument in arguments]
    assert cli.main(["corpus", "make", "espeak", "--train", "1", "--test", "1", *filled]) == 2
    last = capsys.readouterr().err.replace("\r", "\n").strip().splitlines()[-1]
    assert finding in last
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_two_builds_do_not_get_into_each_others_way(tmp_path: Path) -> None:
    from spokenlang.corpus import workplace

    work = workplace.beside(tmp_path / "corpus")
    with workplace.workplace(work), pytest.raises(InputError, match="another process is at work"):
        recipe.make(tmp_path / "corpus", TINY)


def test_the_same_speakers_speak_every_language_equally_often(plan: dict[str, list[Clip]]) -> None:
    for split, clips in plan.items():
        heard = {code: Counter(c.speaker for c in clips if c.language == code) for code in CODES}
        spoken = [counts for counts in heard.values() if counts]
        assert len(spoken) == (4 if split == "dialects" else 6)
        assert all(counts == spoken[0] for counts in spoken)
        assert set(spoken[0].values()) == {4}


def test_voices_are_kept_apart(plan: dict[str, list[Clip]], tiny: Path) -> None:
    variants = {split: {clip.speaker.variant for clip in clips} for split, clips in plan.items()}
    families = {split: {clip.speaker.family for clip in clips} for split, clips in plan.items()}
    assert len(variants["train"]) >= 35
    assert not variants["train"] & variants["test"]
    assert not families["train"] & families["test"]
    assert variants["dialects"] == variants["test"], "new dialects, but not new voices on top"
    store = ClipStore.open(tiny)
    training, validation = hold_out(store, 0.2, seed=0)
    voices = store.clips("train")["variant"]
    assert not set(voices[training]) & set(voices[validation])


def test_dialects_go_with_no_voice_and_new_ones_are_new(plan: dict[str, list[Clip]]) -> None:
    trained, new = ({clip.dialect for clip in plan[split]} for split in ("train", "dialects"))
    assert not trained & new
    assert {clip.dialect for clip in plan["test"]} == trained
    for code in ("en", "fr"):
        own = [clip for clip in plan["train"] if clip.language == code]
        kinds = len(speakers.TRAIN_DIALECTS[code])
        for family in speakers.TRAIN_FAMILIES:
            counts = Counter(clip.dialect for clip in own if clip.speaker.family == family)
            assert len(counts) == kinds
            assert max(counts.values()) - min(counts.values()) <= 2
    for code in ("en", "es", "fr", "pt"):
        assert len(speakers.TRAIN_DIALECTS[code]) + len(speakers.NEW_DIALECTS[code]) >= 2


def test_texts_are_in_the_language_and_none_comes_twice(plan: dict[str, list[Clip]]) -> None:
    texts = [clip.text for clips in plan.values() for clip in clips]
    assert len(set(texts)) == len(texts)
    typical = {"de": "und", "en": "the", "es": "que", "fr": "les", "nl": "het", "pt": "não"}
    for code, word in typical.items():
        count = Counter(clip.language for clip in plan["train"] if f" {word} " in clip.text)
        assert count.most_common(1)[0][0] == code
    assert any("'" in clip.text for clip in plan["train"] if clip.language == "fr")


def test_conditions_are_drawn_as_documented() -> None:
    config = conditions.ConditionConfig()
    rng = np.random.default_rng(0)
    drawn = [conditions.draw(config, rng) for _ in range(6000)]
    assert abs(np.mean([one.clean for one in drawn]) - 1 / 3) < 0.03
    degraded = [one for one in drawn if not one.clean]
    counts = Counter(sum(x is not None for x in (o.room, o.noise, o.eq, o.band, o.codec)) for o in degraded)
    assert set(counts) == {1, 2, 3}
    ratios = [one.noise[1] for one in drawn if one.noise]
    assert min(ratios) >= 3
    assert max(ratios) <= 20
    loudness = [one.gain_db for one in drawn]
    assert min(loudness) < -75
    assert max(loudness) > -1
    assert {one.codec for one in drawn} == {None, *conditions.CODECS}


def test_conditions_tell_nothing_of_the_language(tiny: Path) -> None:
    # Conditions come from the clip's seed alone: with the same seed, any language gets the same ones.
    first, second = (conditions.draw(conditions.ConditionConfig(), np.random.default_rng(5)) for _ in range(2))
    assert first == second
    columns = ClipStore.open(tiny).clips("train")
    assert set(conditions.draw(conditions.ConditionConfig(), np.random.default_rng(1)).row()) <= set(columns)
