"""What all tests share; and the longest files first, so that two workers end together: a file is one worker's
(see `make test`)."""

from __future__ import annotations

import os
from pathlib import Path

import engine_project as example
import pytest
import tally
from shared import once

# As in every execution, and before torch is imported: threads that wait for a busy core cost more than they bring.
os.environ["OMP_NUM_THREADS"] = "1"

LONG = (
    "test_report.py",
    "test_build.py",
    "browser/test_pages.py",
    "test_reads.py",
    "docs/test_pages.py",
    "test_any_corpus.py",
    "test_failures.py",
    "test_plain_python.py",
    "test_check.py",
    "test_locks.py",
    "test_net_export.py",
    "test_observed.py",
    "test_types.py",
    "test_preview.py",
    "test_net_training.py",
    "test_corpus_espeak.py",
    "test_mutation.py",
    "test_init.py",
)


def rank(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((place for place, name in enumerate(LONG) if path.endswith(f"/{name}")), len(LONG))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=rank)


@pytest.fixture(scope="session")
def built_dice(tmp_path_factory: pytest.TempPathFactory) -> example.Project:
    """The example project with its report built, for everybody to read and to copy."""
    return example.Project(once(tmp_path_factory, "dice", example.build))


@pytest.fixture
def dice(built_dice: example.Project, tmp_path: Path) -> example.Project:
    """A copy of the built example project, to change."""
    return built_dice.copied(tmp_path / "dice")


def pytest_sessionfinish() -> None:
    tally.leave()
