"""Rules that every check keeps, new ones included without touching this file."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from auditor import checks
from auditor.checks.base import Cancelled, Outcome, ParameterError, parameters
from auditor.model import FINDING_SCHEMA, METRIC_SCHEMA
from tests.contract.context import Context, data_set, tables

Arrays = dict[str, npt.NDArray[Any]]


@pytest.fixture(params=checks.names())
def check(request: pytest.FixtureRequest) -> Any:
    return checks.load(request.param)


def run(check: Any, samples: pa.Table, arrays: Arrays, **facts: Any) -> Outcome:
    world = Context(parameters(check.spec, {}), arrays, tables(check.spec, samples), **facts)
    outcome: Outcome = check.run(samples, world)
    return outcome


def test_its_id_is_its_module_and_its_folder_its_family(check: Any) -> None:
    *_, family, module = checks.modules()[check.spec.id].split(".")
    assert (check.spec.id, check.spec.family) == (module, family)
    assert check.spec.title
    assert check.spec.cannot_see


def test_its_rows_have_the_shared_schemas(check: Any) -> None:
    outcome = run(check, *data_set(check.spec))
    assert outcome.findings.schema.equals(FINDING_SCHEMA)
    assert outcome.metrics.schema.equals(METRIC_SCHEMA)
    assert all(0 <= quality <= 1 for quality in outcome.findings["quality"].to_pylist())
    assert all(
        isinstance(json.loads(e), dict) for e in outcome.findings["evidence"].to_pylist() if e
    )
    for name in ("p_error", "p_error_low", "p_error_high"):
        assert all(0 <= p <= 1 for p in outcome.findings[name].to_pylist() if p is not None)
    ids = outcome.findings["sample_id"].to_pylist()
    assert len(set(ids)) == len(ids)


def test_an_empty_data_set_has_no_findings(check: Any) -> None:
    samples, arrays = data_set(check.spec)
    outcome = run(check, samples.slice(0, 0), {k: v[:0] for k, v in arrays.items()})
    assert outcome.findings.num_rows == 0


def test_a_single_sample_is_no_problem(check: Any) -> None:
    samples, arrays = data_set(check.spec)
    outcome = run(check, samples.slice(0, 1), {k: v[:1] for k, v in arrays.items()})
    assert outcome.findings.num_rows <= 1


def test_it_stops_when_asked(check: Any) -> None:
    with pytest.raises(Cancelled):
        run(check, *data_set(check.spec), cancelled=True)


def test_the_same_seed_gives_the_same_rows(check: Any) -> None:
    first, second = (run(check, *data_set(check.spec)) for _ in range(2))
    assert first.findings.equals(second.findings)
    assert first.metrics.equals(second.metrics)


def test_the_order_of_rows_does_not_matter(check: Any) -> None:
    samples, arrays = data_set(check.spec)
    order = np.random.default_rng(3).permutation(samples.num_rows)
    plain = run(check, samples, arrays).findings.sort_by("sample_id")
    mixed = run(check, samples.take(pa.array(order)), {k: v[order] for k, v in arrays.items()})
    other = mixed.findings.sort_by("sample_id")
    assert plain["sample_id"].equals(other["sample_id"])
    assert plain["flagged"].equals(other["flagged"])
    np.testing.assert_allclose(plain["quality"], other["quality"], atol=1e-3)


def test_a_parameter_it_does_not_have_is_refused(check: Any) -> None:
    with pytest.raises(ParameterError, match="has no parameter 'nonsense'"):
        parameters(check.spec, {"nonsense": 1})


def test_it_finds_next_to_nothing_where_nothing_is_wrong(check: Any) -> None:
    """The null run: clean, separable classes. One sample of the set has an unreadable image."""
    flagged = run(check, *data_set(check.spec)).findings["flagged"]
    share = sum(flagged.to_pylist()) / 90
    print(f"{check.spec.id}: {share:.1%} flagged where nothing is wrong")
    assert share <= 0.03
