"""Any corpus through `make` to its page: other languages, two and ten of them, a hidden test set, people."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
import spoken
from clone import ROOT, VALUES, Clone
from pypdf import PdfReader
from tones import write_store

from spokenlang.corpus.store import ClipStore
from spokenlang.language_names import describe

SPEECH = ROOT.parent / "shared" / "speech"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

SMALL = "epochs=1 batch_size=16 noises=20 seconds=[0.3] durations=[0.5,1.0]"


class Report:
    """The quick report of a corpus, and what it says."""

    def __init__(self, clone: Clone, corpus: str) -> None:
        self.clone, self.store = clone, ClipStore.open(clone.folder / corpus)
        built = clone.make("report", CORPUS=corpus)
        assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
        self.folder = clone.folder / "reports" / f"{corpus}-quick"
        self.results = json.loads((self.folder / "results.json").read_text())
        self.predictions = list(csv.DictReader((self.folder / "predictions.csv").open()))
        self.pages = PdfReader(self.folder / "report.pdf").pages
        self.text = " ".join(" ".join(page.extract_text() for page in self.pages).split())

    def holds(self) -> None:
        """What must be so on every corpus."""
        codes, names = self.store.languages, [describe(code).name for code in self.store.languages]
        assert list(self.predictions[0]) == ["clip", "prediction", *codes]
        assert [int(row["clip"]) for row in self.predictions] == list(range(len(self.store.inputs("test"))))
        assert len(self.pages) == 3, "content, work distribution, appendix"
        assert self.results["values"]["corpus.classes"]["value"] == len(codes)
        assert self.results["answers"]["corpus-languages"]["text"] == f"{', '.join(names[:-1])} and {names[-1]}"
        for name in ("confusion", "centroid-distances"):
            svg = (self.folder / "assets" / f"{name}.svg").read_text()
            assert all(re.search(rf">\s*{code}\s*<", svg) for code in codes), f"{name} names every language"
        strangers = {"de": "German", "en": "English", "es": "Spanish", "nl": "Dutch", "pt": "Portuguese"}
        answers = " ".join(answer["text"] for answer in self.results["answers"].values())
        told = answers.replace("has not both English and Spanish", "")
        assert not [name for code, name in strangers.items() if code not in codes and name in told]
        if len(codes) != 6:
            assert not re.search(r"\bsix\b(?! languages in the first)", told)
        if "test" not in self.store.hidden:
            assert not set(VALUES) - set(self.results["values"])


def smaller(clone: Clone) -> Clone:
    """Only the rows that no analysis can do without, and the analyses that the page cannot."""
    for name in ("design", "tuning", "cards", "q4_strangers", "q4_people"):
        (clone.folder / "analysis" / f"{name}.py").unlink()
    path = clone.folder / "analysis" / "experiments.toml"
    head, *rows = re.split(r"(?m)^(?=\[runs\.)", path.read_text())
    needed = ("features", "strangers", "six", "binary", "gap", "mean_spectrum")
    rows = [re.sub(r"(?m)^seeds = .*\n", "", row) for row in rows]
    rows = [row if row[6 : row.index("]")] in needed else row.replace("\n", "\nseeds = { thorough = [0] }\n", 1)
            for row in rows]  # fmt: skip
    text = "".join([head, *rows])
    path.write_text(re.sub(r'keep = \["none".*\]', 'keep = ["none", "crop"]', text))
    return clone


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return smaller(Clone(tmp_path_factory.mktemp("clone"), PROFILE="quick", P=SMALL))


def test_three_other_languages_with_a_hidden_test_set(clone: Clone) -> None:
    """Bare arrays and a class list. Results are of the validation clips and say so; test clips are predicted."""
    folder = write_store(clone.folder / "others", {"train": 16, "test": 4}, codes=("it", "pl", "tlh"), hidden=True)
    (folder / "clips.csv").unlink()
    report = Report(clone, "others")
    report.holds()
    values = report.results["values"]
    assert {"six.validation_accuracy", "binary.validation_accuracy", "baseline.validation_accuracy"} <= set(values)
    assert not [name for name in values if "test" in name and name != "corpus.test_clips"]
    assert "of the validation clips, a linear classifier" in report.text
    assert "the languages of the test clips are hidden, so all results are of these" in report.text
    assert not re.search(r"of the test clips, a|Test accuracy|[Tt]he test set", report.text)
    assert "of Klingon no branch is known" in (report.folder / "analyses/q3d_output_space.html").read_text()
    assert "within-branch" not in report.results["claims"]
    checked = clone.make("check", CORPUS="others").stdout
    assert checked.count("the results have no six.test_accuracy") == 2
    again = clone.run("python", "reports/page/predict.py", "others", "--out", "again.csv")
    assert "runs.json is missing" in again.stderr, "the data were taken; runs come with the archive"


@pytest.mark.long
@pytest.mark.parametrize(
    ("codes", "pair"),
    [
        (("it", "pl", "tr"), "Italian against Polish alone (the first two of a corpus"),
        (("cs", "fi"), "Czech against Finnish alone (the first two of a corpus"),
        (("de", "en", "es", "fr", "nl", "pt", "it", "pl", "sv", "tr"), "English against Spanish alone is"),
    ],
    ids=["three", "two", "ten"],
)
def test_recordings_in_other_languages(clone: Clone, codes: tuple[str, ...], pair: str) -> None:
    name = f"spoken-{len(codes)}"
    spoken.recordings(clone.folder / f"{name}-audio", codes)
    imported = clone.run("spokenlang", "corpus", "import", f"{name}-audio", "--out", name)
    assert imported.returncode == 0, imported.stderr
    report = Report(clone, name)
    report.holds()
    assert pair in report.text
    assert f"{describe(codes[0]).name}, " in report.text or len(codes) == 2
    assert f"one of {({2: 'two', 3: 'three', 10: 'ten'})[len(codes)]} whatever it hears" in report.text


@pytest.mark.long
@pytest.mark.parametrize("known", [True, False])
def test_the_assignment_s_arrays_without_test_targets(clone: Clone, known: bool) -> None:
    """Four arrays less one; and a corpus that knows all of its clips but what language the test's are in."""
    splits = {"train": 16, "test": 4, "dialects": 2} if known else {"train": 16, "test": 4}
    folder = write_store(clone.folder / f"bare-{known}", splits, hidden=True)
    if not known:
        (folder / "clips.csv").unlink()
    report = Report(clone, folder.name)
    report.holds()
    assert "all results are of these" in report.text
    assert ("six.validation_accuracy_clean" in report.results["values"]) is known
    assert ("six.dialects_accuracy" in report.results["values"]) is known


@pytest.mark.long
@pytest.mark.skipif(not SPEECH.exists(), reason="no real speech beside this checkout")
def test_people_s_recordings(clone: Clone) -> None:
    imported = clone.run("spokenlang", "corpus", "import", str(SPEECH), "--out", "people")
    assert imported.returncode == 0, imported.stderr
    report = Report(clone, "people")
    report.holds()
    assert "synthetic" not in report.text.replace("clips of synthetic speech", "")
    assert not report.results["claims"]["synthetic"]["holds"]
    assert np.isfinite(report.results["values"]["six.test_accuracy"]["value"])
