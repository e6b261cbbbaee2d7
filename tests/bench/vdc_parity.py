"""The published evaluation of VDC on CIFAR-10, through this engine, for users with weights and a GPU.

    python -m tests.bench.vdc_parity hf:ORG/REPO train.parquet
    python -m tests.bench.vdc_parity hf:local-dir:MODEL train.parquet --limit 200 --device cpu

`train.parquet` (or a folder of such files) holds CIFAR-10's 50,000 training images in their original
order, or a column --index that says each one's place in it. The published questions and poison
indices are read from --published. Labels are made wrong as published: triggers with the target's
label on 4,500 images, or 40 % symmetric or asymmetric noise. The score is the plain vote.

Printed for each: TPR and FPR with Wilson's interval, under both tie rules, and under the published
one, which counts a tie against poisoned images only and so needs the truth. The published attacks
TrojanNN and SSBA need trained networks and are left out; where a description names no class the
published evaluation asks a second language model, and here it is unknown.

Not run here: neither the weights nor enough device time were at hand where this was written.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import torch

from auditor.formats.base import ImportOptions
from auditor.planting.base import Case, Labels
from auditor.planting.plan import KINDS
from auditor.planting.published import TARGET, noisy, poison_indices
from auditor.planting.scoring import wilson
from auditor.session import AuditOptions, Session, scoring, understand
from auditor.session.folder import ProjectFolder
from auditor.store import project, runs, samples

CHECK = "visual_language"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PUBLISHED = Path(__file__).parents[2].parent / "shared" / "data" / "vdc"
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Setting:
    """One column of the published tables."""

    name: str
    tpr: float
    fpr: float
    """As published, in percent."""
    trigger: str | None = None

    @property
    def title(self) -> str:
        return f"{self.name} ({self.trigger})" if self.trigger else self.name


SETTINGS = (
    Setting("BadNets", 99.93, 2.75, "trigger_patch"),
    Setting("Blended", 99.87, 2.75, "trigger_blend"),
    Setting("SIG", 99.84, 2.75, "trigger_sinusoid"),
    Setting("WaNet", 99.96, 2.75, "trigger_warp"),
    Setting("symmetric", 98.81, 2.61),
    Setting("asymmetric", 99.60, 2.62),
)
POISONED_MEAN = (99.91, 2.75)
"""Over the six published attacks."""


class NotRunError(RuntimeError):
    """Why nothing was measured."""


@dataclass(frozen=True, slots=True)
class Cifar:
    """Images as encoded, their true classes, and their places in the original order of training."""

    images: list[bytes]
    codes: Ints
    places: Ints

    def chosen(self, limit: int, seed: int) -> Cifar:
        """`limit` images, about as many of each class; 0: all."""
        if not limit:
            return self
        order = np.random.default_rng(seed).permutation(len(self.codes))
        each = max(1, limit // len(CLASSES))
        rows = np.sort(
            np.concatenate([order[self.codes[order] == c][:each] for c in range(len(CLASSES))])
        )
        return Cifar([self.images[i] for i in rows], self.codes[rows], self.places[rows])


def read(source: Path, image: str, label: str, index: str | None) -> Cifar:
    """Raises NotRunError for a column that is missing, or a class that CIFAR-10 does not have."""
    try:
        found = ds.dataset(source, format="parquet")
        names = [image, label, *([index] if index else ())]
        table = found.to_table(columns=names)
    except (OSError, pa.ArrowInvalid) as error:
        raise NotRunError(f"{source} cannot be read so: {error}") from None
    cells = table[image].to_pylist()
    images = [cell["bytes"] if isinstance(cell, dict) else cell for cell in cells]
    places = table[index].to_numpy() if index else np.arange(len(images))
    return Cifar(images, _codes(table[label].to_pylist()), places.astype(np.int64))


def _codes(values: Sequence[Any]) -> Ints:
    known = {name: code for code, name in enumerate(CLASSES)} | {c: c for c in range(len(CLASSES))}
    odd = next((value for value in values if value not in known), None)
    if odd is not None:
        raise NotRunError(f"CIFAR-10 has no class {odd!r}; the classes are {', '.join(CLASSES)}.")
    return np.array([known[value] for value in values], np.int64)


def dirtied(data: Cifar, setting: Setting, poisoned: Ints, seed: int) -> tuple[list[bytes], Ints]:
    """Images and labels as the setting leaves them."""
    if setting.trigger is None:
        noise: Any = setting.name
        return data.images, noisy(data.codes, len(CLASSES), noise, seed)
    kind, images, codes = KINDS[setting.trigger], list(data.images), data.codes.copy()
    labels = Labels(data.codes, CLASSES, (None,) * len(codes))
    for row in np.flatnonzero(np.isin(data.places, poisoned)).tolist():
        case = Case(
            labels=labels,
            code=int(codes[row]),
            split=None,
            options=kind.settle({"target": CLASSES[TARGET]}),
            rng=np.random.default_rng([seed, row]),
            shared=np.random.default_rng([seed]),
            read=lambda row=row: data.images[row],  # type: ignore[misc]
        )
        effect = kind.apply(case)
        images[row], codes[row] = effect.data or images[row], TARGET
    return images, codes


@dataclass(frozen=True, slots=True)
class Bench:
    """One project for all settings, so that what was asked about an image is asked once."""

    session: Session
    source: Path
    args: argparse.Namespace

    def put(self, images: list[bytes], codes: Ints) -> None:
        """Give the project these images and labels, and the published questions."""
        cells = [{"bytes": one, "path": f"{place:05}.png"} for place, one in enumerate(images)]
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        given = [CLASSES[code] for code in codes]
        pq.write_table(pa.table({"image": pa.array(cells, kind), "given": given}), self.source)
        self.session.import_source(understand(self.source, ImportOptions(label_column="given")))
        if set(self.session.read(project.classes)) != set(CLASSES):
            raise NotRunError("too few images: every class has to be there; raise --limit")
        self.session.interview.put(())
        for part in ("specific", "common"):
            file = self.args.published / f"cifar10_questions_{part}.csv"
            self.session.interview.read_csv(file.read_text("utf-8"))

    def flagged(self, tie: str) -> Flags:
        """(n,) whether the vote under that tie rule calls each label wrong."""
        values = {"model": self.args.model, "score": "vote", "tie": tie, "alternatives": 0}
        values |= {"fuse": False, "allow_remote": self.args.allow_remote}
        options = AuditOptions(
            checks=[CHECK], parameters={CHECK: values}, device=self.args.device, seed=self.args.seed
        )
        (end,) = self.session.audit(options)
        if end.state not in {"done", "reused"}:
            raise NotRunError(str(end.message))
        return scoring.judged(self.session, CHECK, self.session.read(samples.read))[1]

    def shares(self) -> dict[str, float]:
        rows = self.session.read(lambda db: runs.metrics(db, CHECK)).to_pylist()
        return {row["name"]: row["value"] for row in rows if row["scope"] == "set"}


def told(part: Flags) -> str:
    """A share in percent with its interval."""
    found = wilson(float(part.sum()), len(part))
    if found.value is None:
        return "none"
    low, high = found.low or 0.0, found.high or 0.0
    return f"{found.value:6.2%} [{low:.2%}, {high:.2%}]"


def measure(bench: Bench, data: Cifar, setting: Setting, poisoned: Ints) -> tuple[float, float]:
    """Print one setting beside the published figures; TPR and FPR under the rule "a tie is wrong"."""
    images, given = dirtied(data, setting, poisoned, bench.args.seed)
    bench.put(images, given)
    wrong = given != data.codes
    strict, mild = bench.flagged("wrong"), bench.flagged("right")
    shares = bench.shares()
    print(f"\n{setting.title}: {wrong.sum()} wrong labels of {len(wrong)}")
    print(f"  published                TPR {setting.tpr:.2f}%  FPR {setting.fpr:.2f}%")
    rules = (("a tie is wrong", strict, strict), ("a tie is right", mild, mild),
             ("published rule for ties", strict, mild))  # fmt: skip
    for name, hit, false in rules:
        print(f"  {name:<24} TPR {told(hit[wrong])}  FPR {told(false[~wrong])}")
    print(f"  ties {shares['tie_share']:.2%}, unknown answers {shares['unknown_share']:.2%}")
    return float(strict[wrong].mean()) if wrong.any() else np.nan, float(strict[~wrong].mean())


def run(args: argparse.Namespace, work: Path) -> None:
    """Raises NotRunError where nothing can be measured."""
    local = args.model.startswith("hf:")
    if local and args.device != "cpu" and not torch.cuda.is_available():
        raise NotRunError("there is no CUDA device; --device cpu --limit N shows that it works")
    indices = args.published / "cifar10_poison_indices.json"
    if not indices.is_file():
        raise NotRunError(f"the published questions and indices are not in {args.published}")
    poisoned = poison_indices(indices.read_text("utf-8"), 500)
    data = read(args.data, args.image, args.label, args.index).chosen(args.limit, args.seed)
    if not np.isin(poisoned, data.places).all():
        print("Not the published evaluation: a part of the images, or another set of them.")
    settings = [one for one in SETTINGS if not args.settings or one.name in args.settings]
    found = {}
    with Session(ProjectFolder(work / "parity.audit"), workers=args.workers) as session:
        bench = Bench(session, work / "set.parquet", args)
        for setting in settings:
            found[setting.name] = measure(bench, data, setting, poisoned)
    attacks = [found[one.name] for one in settings if one.trigger]
    if attacks:
        tpr, fpr = np.nanmean(attacks, axis=0)
        print(f"\nmean over {len(attacks)} attacks: TPR {tpr:.2%}  FPR {fpr:.2%}")
        print(f"published, over six:    TPR {POISONED_MEAN[0]}%  FPR {POISONED_MEAN[1]}%")


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench.vdc_parity", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument(
        "model", help="who is asked: hf:ORG/REPO, hf:local-dir:PATH, server:URL#NAME"
    )
    parser.add_argument(
        "data", type=Path, help="Parquet file or folder with CIFAR-10's training set"
    )
    parser.add_argument("--image", default="image", help="column of images")
    parser.add_argument("--label", default="label", help="column of true labels, names or numbers")
    parser.add_argument(
        "--index", help="column of places in the original order; default: as they lie"
    )
    parser.add_argument(
        "--published", type=Path, default=PUBLISHED, help="folder of published files"
    )
    parser.add_argument("--limit", type=int, default=0, help="so many images only, as a trial")
    parser.add_argument("--settings", nargs="*", choices=[one.name for one in SETTINGS])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="folder that is kept: goes on where it stopped")
    parser.add_argument(
        "--allow-remote", action="store_true", help="pictures may leave this machine"
    )
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    args = arguments(given)
    try:
        if args.work:
            args.work.mkdir(parents=True, exist_ok=True)
            run(args, args.work)
        else:
            with tempfile.TemporaryDirectory() as folder:
                run(args, Path(folder))
    except NotRunError as error:
        print(f"Not run here: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
