"""The whole chain as a user calls it: a clone of this tree, `make`, and what must then be there."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import resource
import stat
import sys
from pathlib import Path

import longest_page
import numpy as np
import pytest
import results_made
from clone import ROOT, VALUES, Clone

SPEECH = ROOT.parent / "shared" / "speech"
WRITTEN = [
    "report.pdf",
    "report.html",
    "index.html",
    "results.json",
    "predictions.csv",
    "model.pt",
    "model.onnx",
    "model-card.md",
    "data-card.md",
    "manifest.json",
    "analyses/controls.html",
    "analyses/q1_waveforms.html",
    "analyses/q2_english_or_spanish.html",
    "analyses/q3_six_languages.html",
    "analyses/q3c_confusions.html",
    "analyses/q3d_families.html",
    "analyses/q3d_output_space.html",
    "analyses/q4_bias.html",
    "analyses/q5_any_length.html",
    "analyses/q5_pauses.html",
    "analyses/results.html",
    "analyses/architecture.html",
    "analyses/six-s0.html",
]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


QUICK, SMALL = "train = 80, test = 20", "train = 24, test = 8"
BRIEFLY = "epochs=10 batch_size=8 noises=20 seconds=[0.3] durations=[0.5,1.0]"
"""What the brief demands at least (ten epochs, fifty steps for a loss every ten), and few trials of the rest."""


@pytest.fixture(scope="module", params=["small", pytest.param("quick", marks=pytest.mark.long)])  # the same chain
def clone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which the quick report is built; `small` is the same of fewer clips, so the networks know little."""
    small = request.param == "small"
    made = Clone(tmp_path_factory.mktemp("clone"), PROFILE="quick", P=BRIEFLY if small else "")
    if small:
        made.edit("analysis/experiments.toml", QUICK, SMALL)
    built = made.make("report")
    assert built.returncode == 0, built.stdout + built.stderr
    return made


@pytest.fixture(scope="module")
def report(clone: Clone) -> Path:
    return clone.folder / "reports" / "espeak-quick"


def test_everything_that_is_promised_is_written(report: Path) -> None:
    assert not [name for name in WRITTEN if not (report / name).is_file()]


def test_the_manifest_tells_the_content_of_every_file(report: Path) -> None:
    listed = json.loads((report / "manifest.json").read_text())
    listed = listed.get("files", listed)
    for name, entry in listed.items():
        wanted = entry["sha256"] if isinstance(entry, dict) else entry
        assert hashlib.sha256((report / name).read_bytes()).hexdigest() == wanted, name
    assert {"report.pdf", "results.json", "model.pt"} <= set(listed)


def test_results_hold_the_values_of_the_interface(report: Path) -> None:
    results = json.loads((report / "results.json").read_text())
    assert not set(VALUES) - set(results["values"])
    for name in ("six.test_accuracy", "binary.test_accuracy", "baseline.test_accuracy"):
        value = results["values"][name]
        assert 0 <= value["low"] <= value["value"] <= value["high"] <= 1
        assert value["n"] > 0
        assert value["seeds"]
    assert len(results["claims"]) >= 10
    assert results["values"]["six.parameters"]["value"] <= 100_000


def test_predictions_are_one_row_a_clip_and_agree_with_the_accuracy(clone: Clone, report: Path) -> None:
    rows = list(csv.DictReader((report / "predictions.csv").open()))
    assert list(rows[0]) == ["clip", "prediction", "de", "en", "es", "fr", "nl", "pt"]
    plan = json.loads((clone.folder / "build" / "espeak-quick" / "plan.json").read_text())
    labels = np.load(clone.folder / plan["corpus"]["folder"] / "targets_test_int8.npy")
    assert [int(row["clip"]) for row in rows] == list(range(len(labels)))
    for row in rows:
        shares = {code: float(row[code]) for code in ["de", "en", "es", "fr", "nl", "pt"]}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
        assert max(shares, key=shares.get) == row["prediction"]
    right = np.mean(
        [
            row["prediction"] == ["de", "en", "es", "fr", "nl", "pt"][label]
            for row, label in zip(rows, labels, strict=True)
        ]
    )
    results = json.loads((report / "results.json").read_text())
    assert right == pytest.approx(results["values"]["six.test_accuracy"]["value"], abs=1e-6)  # quick has one seed


def spent_by_children() -> float:
    """Processor seconds of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_second_make_does_nothing_and_says_so_at_once(clone: Clone, report: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in report.rglob("*")}
    spent = []
    for _ in range(3):
        start = spent_by_children()
        again = clone.make("report")
        spent.append(spent_by_children() - start)
        assert again.returncode == 0
        assert "nothing to do" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in report.rglob("*")} == before
    assert min(spent) < 1, "a sixth of a second of processor time; what it takes by the clock is a benchmark's"


def test_prose_of_the_page_changes_the_page_alone(clone: Clone) -> None:
    page = clone.folder / "reports" / "page" / "report.md"
    text = page.read_text()
    page.write_text(text.replace("# Experiments", "# Experiments\n\nA sentence of its own.", 1))
    try:
        why = clone.make("why").stdout
        planned = clone.make("-n", "report").stdout
        assert " run --plan" not in planned
        assert " page --plan" in planned
        assert "report.md" in why
        assert clone.make("report").returncode == 0
        assert "A sentence of its own" in (clone.folder / "reports/espeak-quick/report.html").read_text()
    finally:
        page.write_text(text)
    assert clone.make("report").returncode == 0


def test_the_quick_report_meets_every_demand(clone: Clone) -> None:
    checked = clone.make("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    met = [line for line in checked.stdout.splitlines() if line.startswith("met ")]
    assert len(met) >= 40
    assert f"{len(met)} met, 0 short" in checked.stdout


@pytest.mark.parametrize("tuned", [False, True])
def test_the_longest_sentences_that_any_results_can_bring_fit_the_page(
    report: Path, tmp_path: Path, tuned: bool
) -> None:
    results = json.loads((report / "results.json").read_text())
    text = results_made.page(ROOT)["report.md"]
    longest = longest_page.longest(text, longest_page.results_of(results, tuned=tuned))
    assert {claim["holds"] for claim in longest["claims"].values()} == {True, False}
    made = longest_page.printed(longest, ROOT, report, tmp_path)
    assert made.parts["content"] == 1, f"{made.lines} lines too long"
    assert made.parts["appendix"] == 1
    assert made.body >= 8.5


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"CORPUS": "nowhere"}, "nowhere"),
        ({"PROFILE": "quik"}, "quick"),
        ({"P": "epoch=3"}, "epochs"),
        ({"P": "epochs=many"}, "epochs"),
        ({"DEVICE": "tpu"}, "tpu"),
    ],
)
def test_wrong_use_is_one_clear_line(clone: Clone, variables: dict[str, str], told: str) -> None:
    failed = clone.make("report", **variables)
    assert failed.returncode != 0
    makes_own = re.compile(
        r"make|\S+\.mk:\d+: "
    )  # the latter where it waits for the plan: with one job, or a busy machine
    lines = [line for line in failed.stderr.splitlines() if line.strip() and not makes_own.match(line)]
    assert len(lines) == 1, failed.stderr
    assert told in lines[0]
    assert "Traceback" not in failed.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(clone: Clone) -> None:
    reports = clone.folder / "reports"
    mode = reports.stat().st_mode
    reports.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        failed = clone.make("report", PROFILE="quick", REPORT="elsewhere")
        assert failed.returncode != 0
        assert "reports" in failed.stderr
    finally:
        reports.chmod(mode)


@pytest.mark.skipif(not SPEECH.exists(), reason="no real speech beside this checkout")
def test_real_speech_is_classified(clone: Clone, report: Path) -> None:
    files = sorted(map(str, SPEECH.glob("*/*.flac")))[::40]
    heard = clone.run("spokenlang", "classify", *files, "--json", "--model", str(report / "model.pt"))
    assert heard.returncode == 0, heard.stderr
    assert "synthetic" in heard.stderr
    lines = [json.loads(line) for line in heard.stdout.splitlines()]
    assert [line["file"] for line in lines] == files
    for line in lines:
        assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def commands() -> list[str]:
    """Every command of the README's shell blocks, without its comment."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith("make")])
def test_make_understands_every_make_command_of_the_readme(clone: Clone, command: str) -> None:
    """That the rules exist and the variables are accepted; what they do is tested above and beside."""
    words = re.findall(r"(?:[^\s\"]|\"[^\"]*\")+", command.replace("path/to/store", "build/store"))[1:]
    if any("path/to/folder" in word for word in words):
        plan = json.loads((clone.folder / "build" / "espeak-quick" / "plan.json").read_text())
        words = [word.replace("path/to/folder", plan["corpus"]["folder"]) for word in words]
    shown = clone.run("make", "-n", *(word.replace('"', "") for word in words), f"PYTHON={sys.executable}")
    assert shown.returncode == 0, shown.stderr


def test_the_other_commands_of_the_readme_work(clone: Clone, report: Path) -> None:
    import soundfile

    audio = clone.folder / "audio"
    noise = np.random.default_rng(0)
    for code in ("de", "en", "es", "fr", "nl", "pt"):
        (audio / code).mkdir(parents=True, exist_ok=True)
        for number in range(4):
            soundfile.write(audio / code / f"{number}.wav", noise.normal(0, 0.1, 11 * 16000), 16000)
    stand_ins = {
        ".venv/bin/": "",
        "path/to/audio": "audio",
        "path/to/folder": "imported",
        "clip.wav": f"audio/de/0.wav --model {report}/model.pt",
        "--trials 40": "--trials 1 --set epochs=1",
    }
    others = [line for line in commands() if not line.startswith("make")]
    assert others
    for line in others:
        for old, new in stand_ins.items():
            line = line.replace(old, new)
        done = clone.run(*line.split())
        assert done.returncode == 0, f"{line}: {done.stderr}"
    (clone.folder / "analysis" / "q6_name.py").unlink()
