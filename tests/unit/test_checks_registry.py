from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor import checks
from auditor.checks.base import CheckSpec, ParameterError, param, parameters
from auditor.model import CheckId

_PLUGIN = """
from auditor.checks.health.unreadable_images import UnreadableImages
CHECK = UnreadableImages()
"""


def test_bundled_checks_are_found_and_bear_their_modules_name() -> None:
    assert {"label_errors", "unreadable_images"} <= set(checks.names())
    assert all(checks.load(name).spec.id == name for name in checks.names())


def test_an_installed_package_brings_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plugged.py").write_text(_PLUGIN)
    info = tmp_path / "plugged-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[auditor.checks]\nmine = plugged\nlabel_errors = plugged\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert "mine" in checks.names()
    assert "plugged" not in sys.modules
    assert checks.load("mine").spec.family == "health"
    assert checks.load("label_errors").spec.id == "label_errors"


def test_an_unknown_check_is_named_with_those_there_are() -> None:
    with pytest.raises(checks.UnknownCheckError, match=r"'nope'.*label_errors"):
        checks.load("nope")


@dataclass(frozen=True)
class Knobs:
    folds: int = param(5, "Folds.", low=2, high=10)
    share: float = param(0.5, "Share.", low=0.0)
    careful: bool = param(False, "Careful.")
    rule: str = param("auto", "Rule.", choices=("auto", "both"))


SPEC = CheckSpec(
    id=CheckId("c"),
    version=1,
    title="C",
    family="f",
    scope="shard",
    needs=frozenset(),
    params=Knobs,
)


def test_text_is_read_as_the_parameters_type() -> None:
    texts = {"folds": "10", "share": "1e-1", "careful": "TRUE", "rule": "both"}
    assert parameters(SPEC, texts) == Knobs(10, 0.1, True, "both")
    assert parameters(SPEC, {}) == Knobs()


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("folds", "1", "between 2 and 10"),
        ("folds", "11", "between 2 and 10"),
        ("folds", "2.5", "must be int"),
        ("share", "-0.1", "between 0.0"),
        ("share", "nan", "between 0.0"),
        ("careful", "maybe", "must be bool"),
        ("rule", "none", "one of auto, both"),
        ("fold", "3", "no parameter 'fold'"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name: str, value: str, complaint: str) -> None:
    with pytest.raises(ParameterError, match=complaint):
        parameters(SPEC, {name: value})
