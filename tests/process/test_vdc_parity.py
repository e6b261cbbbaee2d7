"""The parity script runs from a data set to its table, and says why where it cannot."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from tests import answerer_world as world
from tests.bench import vdc_parity

pytestmark = pytest.mark.process
EACH = 3


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three images of each of CIFAR-10's classes; the first of each but class 0 is to be poisoned."""
    rng, cells = np.random.default_rng(0), []
    for _ in range(10 * EACH):
        sink = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(sink, "PNG")
        cells.append({"bytes": sink.getvalue(), "path": None})
    labels = [code for code in range(10) for _ in range(EACH)]
    pq.write_table(pa.table({"image": cells, "label": labels}), tmp_path / "train.parquet")
    lists: dict[str, list[int]] = {"0": []}
    for code in range(1, 10):
        lists[str(code)] = [code * EACH, *range(10_000 * code, 10_000 * code + 499)]
    text = json.dumps({"poisoned_500_per_class": lists})
    (tmp_path / "cifar10_poison_indices.json").write_text(text)
    rows = "".join(f"{code},Is it a thing of kind {code}?,yes,1\n" for code in range(10))
    (tmp_path / "cifar10_questions_specific.csv").write_text(
        "label,question,answer,choose\n" + rows
    )
    (tmp_path / "cifar10_questions_common.csv").write_text("question,choose\nWhat is shown?,1\n")
    return tmp_path / "train.parquet"


def test_the_published_settings_are_measured_beside_the_published_figures(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    model = world.llava(tmp_path / "model")
    given = [f"hf:local-dir:{model}", str(data), "--published", str(tmp_path), "--device", "cpu"]
    assert vdc_parity.main([*given, "--workers", "1", "--settings", "BadNets", "asymmetric"]) == 0
    told = capsys.readouterr().out
    assert "Not the published evaluation" in told
    assert "BadNets (trigger_patch): 9 wrong labels of 30" in told
    assert "asymmetric: 12 wrong labels of 30" in told
    assert "published                TPR 99.60%  FPR 2.62%" in told
    assert len(re.findall(r"a tie is wrong +TPR +\d+\.\d\d%", told)) == 2
    assert "published, over six:    TPR 99.91%  FPR 2.75%" in told


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens without a CUDA device")
def test_without_a_device_it_says_that_it_was_not_run(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vdc_parity.main(["hf:org/repo", str(data), "--published", str(tmp_path)]) == 2
    assert "Not run here: there is no CUDA device" in capsys.readouterr().err


def test_without_weights_it_says_that_it_was_not_run(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = f"hf:local-dir:{tmp_path / 'nowhere'}"
    given = [model, str(data), "--published", str(tmp_path), "--device", "cpu", "--workers", "1"]
    assert vdc_parity.main(given) == 2
    assert "Not run here: " in capsys.readouterr().err
