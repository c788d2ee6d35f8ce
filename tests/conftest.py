"""The longest files first, so that two workers end together: a file is one worker's (see `make test`)."""

from __future__ import annotations

import pytest

LONG = (
    "test_report.py",
    "test_build.py",
    "test_reads.py",
    "test_bare_arrays.py",
    "test_failures.py",
    "test_mutation.py",
    "test_net_search.py",
    "test_pages.py",
    "test_locks.py",
    "test_plain_python.py",
    "test_script_rules.py",
    "test_safety.py",
    "test_tutorial.py",
    "test_check.py",
    "test_init.py",
    "test_preview.py",
    "test_types.py",
    "test_benchmarks.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))
