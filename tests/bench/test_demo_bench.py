"""Must hold: planted flips of the demo are found with the features that need no weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.planting.scoring import Estimate
from auditor.session import Session, Wanted, demo, scoring

pytestmark = pytest.mark.bench

FLIPS = ("flip_symmetric", "flip_pair")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_flips_are_found_with_classic_features(tmp_path: Path, seed: int) -> None:
    places = demo.Places(tmp_path / "demo")
    demo.prepare(places, seed, 2000, lambda *_: None)
    with Session(places.project) as session:
        demo.audit(session, places, seed, "cpu")
        found = scoring.score(session, "label_errors", truth_file=places.truth, kinds=FLIPS)
        encoder = session.report(places.project.path, Wanted())[0].configuration.encoder
    assert encoder is not None
    print(
        f"\ndemo, seed {seed}, {encoder.id}: {found.errors} flips planted; recall {_shown(found.tpr)},"
        f" precision {_shown(found.precision)}, average precision {_shown(found.average_precision)}"
        f" (random order {found.null_average_precision:.3f})"
    )
    assert encoder.id == "classic"
    assert found.tpr.value is not None
    assert found.precision.value is not None
    assert found.tpr.value >= 0.90
    assert found.precision.value >= 0.90


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f}-{estimate.high:.3f})"
