"""A page of one's own for each test, beside the report that all of them share."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_sheet import Sheet


@pytest.fixture
def sheet(built: Path, tmp_path: Path) -> Sheet:
    return Sheet(built, tmp_path)
