"""The program's version, from the installed package."""

from __future__ import annotations

from importlib import metadata

VERSION = metadata.version("dataset-auditor")
