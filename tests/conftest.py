"""The longest files first, so that two workers end together: a file is one worker's (see `make test`)."""

from __future__ import annotations

import pytest

LONG = (
    "test_report.py",
    "test_bare_arrays.py",
    "test_preview.py",
    "test_build.py",
    "test_reads.py",
    "test_failures.py",
    "test_plain_python.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))
