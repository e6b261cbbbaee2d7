"""Which exit code an error ends with; those not listed are ours, and internal."""

from __future__ import annotations

from importlib import import_module

_WRONG_INPUT = (
    "auditor.checks.UnknownCheckError",
    "auditor.checks.base.ParameterError",
    "auditor.cli.options.OptionError",
    "auditor.formats.base.FormatError",
    "auditor.ml.encoders.base.ModelFormatError",
    "auditor.ml.encoders.base.ModelIdError",
    "auditor.ml.encoders.base.ModelMissingError",
    "auditor.planting.base.PlantingError",
    "auditor.report.changes.ExportError",
    "auditor.report.findings.FindingsError",
    "auditor.report.gate.GateSpecError",
    "auditor.session.EmptyProjectError",
    "auditor.session.attaching.ArrayError",
    "auditor.session.deciding.PatchError",
    "auditor.session.deciding.RuleError",
    "auditor.session.demo.NotOursError",
    "auditor.report.result.ResultError",
    "auditor.session.folder.NotAProjectError",
    "auditor.session.listing.ListingError",
    "auditor.session.listing.NoFindingsError",
    "auditor.session.scoring.TruthError",
    "auditor.session.importing.TaskError",
    "auditor.store.db.StoreDamagedError",
    "auditor.store.db.StoreWriteError",
    "auditor.store.filters.FilterError",
    "auditor.store.migrations.NewerProjectError",
    "auditor.store.review.NothingToRedoError",
    "auditor.store.review.NothingToUndoError",
    "auditor.store.review.UnknownSampleError",
    "builtins.OSError",
)
_IN_USE = ("auditor.store.db.StoreLockedError", "auditor.jobs.pool.WorkersKeepDyingError")
_STOPPED = ("auditor.jobs.pool.CancelledError",)


def code_of(error: Exception) -> int | None:
    """2 for wrong input, 4 for a project in use, 130 for stopped work, None for anything else."""
    for names, code in ((_STOPPED, 130), (_IN_USE, 4), (_WRONG_INPUT, 2)):
        if isinstance(error, tuple(_classes(names))):
            return code
    return None


def _classes(names: tuple[str, ...]) -> list[type[BaseException]]:
    split = (name.rpartition(".") for name in names)
    return [getattr(import_module(module), name) for module, _, name in split]
