"""What the command line prints where the room is small."""

from __future__ import annotations

import pytest

from auditor.cli.console import Talk

NAME = "open_clip:ViT-B-32/laion2b_s34b_b79k"


def _talk() -> Talk:
    return Talk(json_wanted=False, quiet=False, show_progress=False)


def test_a_piped_table_is_as_wide_as_its_names(capsys: pytest.CaptureFixture[str]) -> None:
    words = "many words " * 20
    _talk().table(("model", "good for"), [(NAME, words)])
    assert f"{NAME}  {words.strip()}" in capsys.readouterr().out


def test_a_narrow_terminal_folds_a_name_and_loses_no_letter_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("COLUMNS", "20")
    _talk().table(("model",), [(NAME,)])
    folded = capsys.readouterr().out
    assert NAME not in folded
    assert NAME in "".join(folded.split())
