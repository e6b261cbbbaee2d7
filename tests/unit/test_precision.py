"""Precision so far: what is counted, how sure it is, and when it says that one may stop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import beta

from auditor.checks import base
from auditor.session import Session, precision, remaining
from auditor.session.folder import ProjectFolder
from auditor.session.precision import PrecisionSoFar, jeffreys, so_far
from auditor.store import review
from auditor.store.bands import Counted
from tests import project_world, tables


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as opened:
        yield opened


def audited(session: Session, p_error: Sequence[float | None], quality: float = 0.5) -> None:
    """A sample for each probability; flagged are those above one half, or without one."""
    count = len(p_error)
    tables.import_rows(session.store, tables.samples(["a", "b"] * (count // 2)))
    found = base.findings(
        sample_id=list(range(count)),
        quality=[quality] * count,
        flagged=[p is None or p > 0.5 for p in p_error],
        p_error=p_error,
    )
    project_world.audit(session, found)


def told(session: Session, **options: int) -> PrecisionSoFar:
    found = session.read(lambda db: so_far(db, "label_errors", **options))
    assert found
    return found


def judge(session: Session, ids: list[int], verdict: str, *, by_rule: bool = False) -> None:
    rows = tables.decisions(ids, verdict, "b" if verdict in {"accept", "relabel"} else None)
    session.decide(rows, verdict, by_rule=by_rule)


def test_a_check_that_never_ran_has_none(session: Session) -> None:
    assert session.read(lambda db: so_far(db, "label_errors")) is None


def test_bands_count_findings_and_what_a_person_judged(session: Session) -> None:
    audited(session, [0.95, 0.93, 0.91, 0.97, 0.72, 0.71, 0.05, 1.0])
    judge(session, [0], "accept")
    judge(session, [1], "keep")
    judge(session, [2], "exclude")
    judge(session, [3], "defer")
    judge(session, [4], "accept", by_rule=True)
    judge(session, [5], "relabel")
    judge(session, [6], "keep")
    session.undo()
    found = told(session)
    assert found.column == "p_error"
    assert [(round(b.low, 6), round(b.high, 6)) for b in found.bands] == [
        (0.9, 1.0),
        (0.7, 0.8),
        (0.0, 0.1),
    ]
    assert [(b.findings, b.judged, b.confirmed) for b in found.bands] == [
        (5, 3, 2),
        (2, 1, 1),
        (1, 0, 0),
    ]
    assert (found.judged, found.confirmed) == (4, 3)
    assert [b.precision for b in found.bands] == [pytest.approx(2 / 3), 1.0, None]
    assert found.bands[1].expected_left == 0  # of its two, one was judged and one decided by rule
    assert 0 < found.bands[0].expected_left < 2
    assert sum(b.expected_left for b in found.bands) == pytest.approx(found.expected_left)
    assert [(b.low, b.findings) for b in told(session, bands=2).bands] == [(0.5, 7), (0.0, 1)]


def test_samples_that_left_the_source_are_not_counted(session: Session) -> None:
    audited(session, [0.95] * 4)
    tables.import_rows(session.store, tables.samples(["a", "b"]))
    assert [b.findings for b in told(session).bands] == [2]


def test_a_step_that_nobody_can_have_looked_through_confirms_nothing(session: Session) -> None:
    count = review.LOOKED_AT + 2
    audited(session, [0.95] * count)
    judge(session, list(range(count - 1)), "accept")
    assert (told(session).judged, told(session).bands[0].findings) == (0, count)
    assert session.read(review.confirmed) == {}
    session.undo()
    judge(session, list(range(count - 2)), "accept")
    assert told(session).judged == count - 2


def test_without_probabilities_flags_are_counted_by_quality_lowest_first(session: Session) -> None:
    audited(session, [None] * 20, quality=0.05)
    found = told(session)
    assert found.column == "quality"
    assert [(b.low, b.findings) for b in found.bands] == [(0.0, 20)]
    assert found.expected_left == pytest.approx(10, rel=0.03)
    judge(session, list(range(10)), "keep")
    assert told(session).expected_left < 3


def test_what_was_judged_corrects_the_check_and_not_only_in_its_band(session: Session) -> None:
    audited(session, [0.9] * 60 + [0.6] * 40)
    before = told(session).bands[1]
    assert before.expected_left == pytest.approx(24, rel=0.02)
    judge(session, list(range(50)), "keep")
    after = told(session).bands[1]
    assert after.expected_left < 12
    assert after.expected_left_low < after.expected_left < after.expected_left_high


def test_it_tells_to_judge_some_first_then_to_go_on_then_to_stop(session: Session) -> None:
    audited(session, [0.9] * 40 + [0.55] * 60 + [0.01] * 100)
    judge(session, list(range(20)), "accept")
    early = told(session)
    assert not early.may_stop
    assert early.advice == (
        "Judge at least 30 findings one by one before these numbers are believed: 20 so far."
    )
    judge(session, list(range(20, 40)), "accept")
    more = told(session)
    assert not more.may_stop
    assert more.advice.startswith("Go on: About")
    assert "among the 60 undecided flags." in more.advice
    judge(session, list(range(40, 75)), "keep")
    enough = told(session)
    assert enough.may_stop
    assert enough.advice.startswith("Stopping is reasonable: About")
    assert "among the 25 undecided flags." in enough.advice
    judge(session, list(range(75, 100)), "keep")
    done = told(session)
    assert done.may_stop
    assert done.advice.startswith("No flag is left to decide. About")
    assert "among the 100 samples not flagged." in done.advice


def test_a_low_precision_below_does_not_excuse_leaving_what_is_more_suspicious(
    session: Session,
) -> None:
    audited(session, [0.9] * 40 + [0.55] * 40)
    judge(session, list(range(40, 80)), "keep")
    assert not told(session).may_stop


@pytest.mark.parametrize(("confirmed", "judged"), [(0, 1), (0, 30), (3, 10), (27, 30), (9, 9),
                                                   (400, 100_000)])  # fmt: skip
def test_the_interval_is_jeffreys(confirmed: int, judged: int) -> None:
    a, b = confirmed + 0.5, judged - confirmed + 0.5
    expected = np.atleast_1d(beta.ppf([0.025, 0.975], a, b))
    low, high = jeffreys(confirmed, judged)
    assert low == (pytest.approx(expected[0], rel=1e-3) if confirmed else 0.0)
    assert high == (pytest.approx(expected[1], rel=1e-3) if confirmed < judged else 1.0)


def test_the_interval_covers_the_share_in_nineteen_reviews_of_twenty() -> None:
    rng = np.random.default_rng(0)
    covered = []
    for share in (0.05, 0.3, 0.8):
        for draw in rng.random((400, 40)):
            low, high = jeffreys(int((draw < share).sum()), 40)
            covered.append(low <= share <= high)
    print(f"Jeffreys: {np.mean(covered):.3f} of {len(covered)} intervals cover the share")
    assert np.mean(covered) >= 0.93


Bools = npt.NDArray[np.bool_]


def bands_of(p: npt.NDArray[np.float64], wrong: Bools, judged: Bools) -> list[Counted]:
    flagged, number = p > 0.5, np.minimum((10 * p).astype(int), 9)

    def mean(chosen: Bools) -> float | None:
        return float(p[chosen].mean()) if chosen.any() else None

    counted = []
    for band in range(9, -1, -1):
        here = number == band
        left_flagged, left_other = here & flagged & ~judged, here & ~flagged & ~judged
        counted.append(
            Counted(
                number=band,
                findings=int(here.sum()),
                flagged=int((here & flagged).sum()),
                judged=int((here & judged).sum()),
                confirmed=int((here & judged & wrong).sum()),
                left_flagged=int(left_flagged.sum()),
                left_other=int(left_other.sum()),
                mean_judged=mean(here & judged),
                mean_left_flagged=mean(left_flagged),
                mean_left_other=mean(left_other),
            )
        )
    return counted


@pytest.mark.parametrize(
    ("shift", "spread", "share"),
    [(0.0, 0.0, 0.1), (-1.0, 0.0, 0.5), (1.0, 0.0, 0.1), (-0.7, 0.35, 0.5)],
)
def test_the_errors_left_lie_in_the_interval_in_nine_reviews_of_ten(
    shift: float, spread: float, share: float
) -> None:
    """Most suspicious first; the check's log odds are off by `shift`, each band's by `spread`."""
    covered = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        p = np.concatenate([rng.beta(0.1, 3, 4000), rng.beta(2, 2, 500)]).clip(1e-6, 0.99)
        off = shift + rng.normal(0, spread, 10)[np.minimum((10 * p).astype(int), 9)]
        wrong = rng.random(len(p)) < 1 / (1 + (1 / p - 1) * np.exp(-off))
        judged = np.zeros(len(p), bool)
        judged[np.argsort(-p)[: round(share * (p > 0.5).sum())]] = True
        left = remaining.estimate(bands_of(p, wrong, judged), calibrated=True)
        covered.append(left.total.low <= (wrong & ~judged).sum() <= left.total.high)
    print(
        f"check off by {shift:+} (sd {spread}), {share:.0%} of flags judged: the interval covers the"
        f" errors left in {np.mean(covered):.1%} of {len(covered)} reviews"
    )
    assert np.mean(covered) >= 0.9


def test_the_same_judgements_say_the_same_and_no_finding_says_nothing(session: Session) -> None:
    audited(session, [0.9, 0.6, 0.2, 0.1])
    assert told(session) == told(session)
    project_world.audit(
        session, base.findings(sample_id=[], quality=[], flagged=[]), params={"x": 1}
    )
    empty = told(session)
    assert (empty.bands, empty.expected_left, empty.may_stop) == ((), 0.0, True)
    assert empty.advice == "No flag is left to decide."
    assert precision.FEWEST == 30
