"""What the evidence card is told of one sample."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from auditor.checks import base
from auditor.model import MEDIA_SCHEMA, Reason
from auditor.report import words
from auditor.session import Session
from auditor.session.evidence import Evidence, _label_map, evidence
from auditor.store.media import SaveMedia
from tests import project_world, tables

FULL = {
    "margin": -0.5,
    "classes": [["b", 0.7], ["a", 0.2]],
    "views": {"suggested": ["linear", "nearest"], "given": ["mixed"]},
    "agree": 2,
    "of": 3,
    "neighbours_given": [3, 6],
    "neighbours_suggested": [1],
}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with project_world.session(tmp_path) as opened:
        yield opened


def of(session: Session, sample_id: int, check_id: str | None = "label_errors") -> Evidence:
    return session.read(lambda db: evidence(db, sample_id, check_id))


def one_finding(check_id: str = "label_errors", **columns: object) -> dict[str, object]:
    row = {"sample_id": [0], "quality": [0.1], "flagged": [True]}
    row |= {name: [value] for name, value in columns.items()}
    return {"findings": base.findings(**row), "check_id": check_id}


def unreadable(session: Session, reason: Reason, detail: str) -> None:
    rows = pa.Table.from_pylist(
        [{"sample_id": 0, "reason": reason, "detail": detail, "byte_size": 12}],
        schema=MEDIA_SCHEMA,
    )
    session.store.write(SaveMedia(rows, session.folder.thumbnails)).result()


def test_the_card_says_what_is_likely_and_why(session: Session) -> None:
    project_world.audit(
        session,
        **one_finding(
            p_error=0.87,
            p_error_low=0.79,
            p_error_high=0.934,
            suggested=["b"],
            evidence=json.dumps(FULL),
        ),
        data_version=2,
    )
    card = of(session, 0)
    assert (card.path, card.given, card.labels) == ("0.png", ("a",), ("a",))
    assert card.suggested == ("b",)
    assert card.p_error == pytest.approx(0.87)
    assert card.p_error_words == "Probably wrong: 87 % (79 to 93 %)"
    assert (card.views_suggested, card.views_given) == (("linear", "nearest"), ("mixed",))
    assert card.views_total == 3
    assert (card.neighbours_given, card.neighbours_suggested) == ((3, 6), (1,))
    (finding,) = card.findings
    assert finding.title == "Label errors"
    assert finding.sentences == (
        "2 of 3 views say what is suggested, mixed what is given.",
        "By the image alone another class leads the given one by 50.0 %.",
        "9 in 10 of those like this are wrong.",
    )


def test_classes_come_likeliest_first_and_every_class_is_there(session: Session) -> None:
    assert of(session, 0).ranked == (("b", 0.7), ("a", 0.2), ("c", None))
    assert of(session, 1).ranked == (("c", None), ("b", None), ("a", None))
    assert of(session, 5).ranked == (("c", None), ("a", None), ("b", None))


def test_the_check_in_focus_comes_first_then_flags(session: Session) -> None:
    for check_id, flagged in (("zz_flags", True), ("aa_quiet", False)):
        found = one_finding(check_id, flagged=flagged, suggested=["c"])
        project_world.audit(session, **found)
    assert [f.check_id for f in of(session, 0).findings] == ["label_errors", "zz_flags", "aa_quiet"]
    in_focus = of(session, 0, "aa_quiet")
    assert [f.check_id for f in in_focus.findings] == ["aa_quiet", "label_errors", "zz_flags"]
    assert in_focus.suggested == ("c",)
    assert in_focus.p_error == pytest.approx(0.8)
    assert in_focus.findings[0].sentences == ("It found nothing wrong.",)
    assert in_focus.findings[2].sentences == ("The check flags it, and says no more.",)
    assert in_focus.findings[2].title == "zz_flags"


def test_only_a_checks_newest_run_speaks_and_an_old_one_is_stale(session: Session) -> None:
    now = base.findings(sample_id=[0], quality=[0.9], flagged=[False])
    project_world.audit(session, now, params={"other": 1})
    (finding,) = of(session, 0).findings
    assert finding.quality == pytest.approx(0.9)
    assert finding.stale is (of_version() != 1)
    tables.import_rows(session.store, tables.samples(["a"] * 13))
    assert of(session, 0).findings[0].stale


def of_version() -> int:
    from auditor import checks

    return checks.load("label_errors").spec.version


@pytest.mark.parametrize("reason", list(Reason))
def test_an_unreadable_image_says_why_in_words(session: Session, reason: Reason) -> None:
    unreadable(session, reason, "The file ends before the image does.")
    told = json.dumps({"reason": reason, "detail": "The file ends before the image does."})
    found = one_finding("unreadable_images", p_error=1.0, evidence=told)
    project_world.audit(session, **found)
    card = of(session, 0)
    assert (card.reason, card.byte_size, card.width) == (reason, 12, None)
    assert card.detail == "The file ends before the image does."
    said = card.findings[-1].sentences
    assert said[0] not in {f"{reason.capitalize()}.", "Unreadable."}
    assert said[1:] == (card.detail,)


def test_decisions_show_with_their_undoing(session: Session) -> None:
    session.decide(tables.decisions([0], "relabel", "c", "sure"), "Relabel")
    card = of(session, 0)
    assert (card.given, card.labels, card.verdict, card.note) == (("a",), ("c",), "relabel", "sure")
    session.undo()
    card = of(session, 0)
    assert (card.labels, card.verdict, card.note) == (("a",), None, None)
    assert [(d.title, d.verdict, d.labels, d.note) for d in card.history] == [
        ("Relabel", "relabel", ("c",), "sure"),
        ("Undo: Relabel", None, None, None),
    ]


def test_further_columns_of_the_source_are_shown_as_text(session: Session) -> None:
    rows = tables.samples(project_world.LABELS, height_cm=[1.5] * 12, odd=["x", None] * 6)
    tables.import_rows(session.store, rows)
    assert of(session, 0).extra == (("height_cm", "1.5"), ("odd", "x"))
    assert of(session, 1).extra == (("height_cm", "1.5"),)


def test_evidence_of_another_shape_is_said_as_it_is(session: Session) -> None:
    odd = {"margin": "wide", "views": 3, "classes": [], "add": [], "blur": 0.25}
    found = one_finding("third_party", evidence=json.dumps(odd))
    project_world.audit(session, **found)
    card = of(session, 0, "third_party")
    assert card.findings[0].sentences == ("Margin wide.", "Blur 0.25.")
    assert card.views_total == 0


def test_a_sample_that_is_not_there_is_refused(session: Session) -> None:
    with pytest.raises(LookupError, match="no sample 99"):
        of(session, 99)
    tables.import_rows(session.store, tables.samples(["a"] * 11))
    with pytest.raises(LookupError, match="no sample 11"):
        of(session, 11)


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        ((0.999, 0.95, 1.0), "Almost surely wrong: over 99 % (95 to 100 %)"),
        ((0.5, None, None), "As likely wrong as right: 50 %"),
        ((0.2, 0.001, 0.3), "Probably right: 20 % (under 1 to 30 %)"),
        ((0.0, 0.0, 0.02), "Almost surely right: 0 % (0 to 2 %)"),
        ((0.001, 0.0001, 0.002), "Almost surely right: under 1 %"),
        ((None, None, None), ""),
    ],
)
def test_a_probability_is_said_in_plain_words(
    chance: tuple[float | None, float | None, float | None], said: str
) -> None:
    assert words.error_words(*chance) == said


def test_the_map_of_a_finding_names_the_likeliest_class_of_each_cell() -> None:
    """As the check stores it: of each cell pairs of (place in classes, per cent)."""
    told = [{}, {"map": {"classes": ["a", "b"], "cells": [[[0, 90, 1, 10], [1, 60, 0, 40]]]}}]
    cells = _label_map(told)
    assert [(one.name, one.share, one.left, one.right) for one in cells] == [
        ("a", 0.9, 0.0, 0.5),
        ("b", 0.6, 0.5, 1.0),
    ]
    assert _label_map([{}]) == ()
