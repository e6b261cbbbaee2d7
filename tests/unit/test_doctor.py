from __future__ import annotations

import os
import sys

import pytest

from auditor import screen
from auditor.session import doctor


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names Debian packages")
def test_missing_libraries_are_named_with_the_command_that_brings_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = {"libc.so.6": "libc6", "libnowhere.so.1": "libnowhere1", "libgone.so.2": "libgone2"}
    monkeypatch.setattr(screen, "_QT_LIBRARIES", table)
    (problem,) = [p for p in doctor.examine().problems if "libraries" in p]
    assert "apt-get install -y libnowhere1 libgone2" in problem
    assert ("sudo" in problem) == (os.geteuid() != 0)


def test_a_machine_that_lacks_nothing_has_no_such_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "_QT_LIBRARIES", {})
    assert not any("libraries" in p for p in doctor.examine().problems)


def test_a_full_disk_and_a_missing_package_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_ROOM", 1 << 62)
    monkeypatch.setattr(doctor, "_PACKAGES", ("duckdb", "no-such-package-here"))
    report = doctor.examine()
    assert any("1 GB" in p for p in report.problems)
    assert report.facts["no-such-package-here"] == "not installed"
    assert report.facts["duckdb"][0].isdigit()
