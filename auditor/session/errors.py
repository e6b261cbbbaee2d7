"""Whose fault an error is, and what the user is told."""

from __future__ import annotations

import errno
import os
from enum import Enum

_WRONG_INPUT = frozenset(
    {
        "auditor.ask.bank.BankError",
        "auditor.ask.base.AnswererError",
        "auditor.checks.UnknownCheckError",
        "auditor.checks.base.ParameterError",
        "auditor.evaluate.predictions.PredictionError",
        "auditor.evaluate.slices.SliceError",
        "auditor.formats.base.FormatError",
        "auditor.formats.mistakes.MistakeFileError",
        "auditor.formats.packet.PacketError",
        "auditor.formats.votes.VoteFileError",
        "auditor.ml.encoders.base.ModelFormatError",
        "auditor.ml.encoders.base.ModelIdError",
        "auditor.ml.encoders.base.ModelMissingError",
        "auditor.planting.base.PlantingError",
        "auditor.report.changes.ExportError",
        "auditor.report.findings.FindingsError",
        "auditor.report.gate.GateSpecError",
        "auditor.report.result.ResultError",
        "auditor.session.EmptyProjectError",
        "auditor.session.attaching.ArrayError",
        "auditor.session.ballots.VotingError",
        "auditor.session.deciding.PatchError",
        "auditor.session.deciding.RuleError",
        "auditor.session.demo.NotOursError",
        "auditor.session.evaluating.LabelSetError",
        "auditor.session.folder.NotAProjectError",
        "auditor.session.importing.TaskError",
        "auditor.session.interview.InterviewError",
        "auditor.session.listing.ListingError",
        "auditor.session.listing.NoFindingsError",
        "auditor.session.mapping.MapError",
        "auditor.session.pictures.PictureError",
        "auditor.session.scoring.TruthError",
        "auditor.session.similar.SearchError",
        "auditor.session.triage.TriageError",
        "auditor.store.db.StoreDamagedError",
        "auditor.store.db.StoreWriteError",
        "auditor.store.filters.FilterError",
        "auditor.store.migrations.NewerProjectError",
        "auditor.store.review.NothingToRedoError",
        "auditor.store.review.NothingToUndoError",
        "auditor.store.review.UnknownSampleError",
        "builtins.OSError",
    }
)
_IN_USE = frozenset(
    {"auditor.store.db.StoreLockedError", "auditor.jobs.pool.WorkersKeepDyingError"}
)
_STOPPED = frozenset({"auditor.jobs.pool.CancelledError"})
KNOWN = _WRONG_INPUT | _IN_USE | _STOPPED
"""Every error that is nobody's defect, by the name of its class."""


class Cause(Enum):
    INPUT = "what the user gave, or the machine they gave it to"
    IN_USE = "another process, or too many of them"
    STOPPED = "the user stopped it"
    OURS = "a defect of the program"


def cause(error: BaseException) -> Cause:
    """Whose fault it is, told by the names of its classes: none has to be imported for it."""
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    for known, found in (
        (_STOPPED, Cause.STOPPED),
        (_IN_USE, Cause.IN_USE),
        (_WRONG_INPUT, Cause.INPUT),
    ):
        if names & known:
            return found
    return Cause.OURS


def sentence(error: Exception) -> str:
    """One sentence; the system's own errors name the file and drop their number."""
    if not isinstance(error, OSError):
        return str(error) or type(error).__name__
    if error.errno == errno.ENOSPC:
        return "the disk is full: make room and do the same again; what was saved is kept"
    if error.filename and error.strerror:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return str(error)
