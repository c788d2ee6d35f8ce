"""The version of onepage: pyproject.toml takes it from here, without importing anything."""

VERSION = "0.1.0"
