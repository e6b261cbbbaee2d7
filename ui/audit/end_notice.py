"""How an audit ended, in a sentence with the way on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Signal

from auditor.session import AuditOptions
from auditor.session.background import JobEvent, JobState
from ui.audit import words
from ui.notice import Notice


class EndNotice(Notice):
    again = Signal(object)
    """AuditOptions to start an audit with: the way on that the user took."""

    def tell_end(self, event: JobEvent, options: AuditOptions, titles: Mapping[str, str]) -> None:
        """What came of an audit with these options; nothing where all is well."""
        if event.state == JobState.CANCELLED:
            self.tell_stopped(options)
        elif event.state == JobState.SKIPPED:
            sentence = self.tr("{title}: {why}.").format(title=event.title, why=event.message)
            self._offer(sentence, self.tr("Run it all the same"), options)
        elif event.state == JobState.FAILED:
            self._tell_failure(event.message, options)
        elif told := words.not_run(event.result or (), titles):
            left = [end.check_id for end in event.result if end.state in {"skipped", "failed"}]
            button = self.tr("Run again") if left else ""
            again = replace(options, checks=tuple(left))
            self._offer("\n".join(told), button, again, trouble=bool(left))

    def tell_stopped(self, options: AuditOptions) -> None:
        """An audit with these options was stopped, and can go on."""
        sentence = self.tr("The last audit was stopped before its end; what was finished is kept.")
        self._offer(sentence, self.tr("Continue"), options, trouble=False)

    def _tell_failure(self, sentence: str, options: AuditOptions) -> None:
        if options.encoder is None:
            self._offer(sentence, self.tr("Run again"), options)
        else:
            best = replace(options, encoder=None)
            self._offer(sentence, self.tr("Use the best encoder here"), best)

    def _offer(
        self, sentence: str, button: str, options: AuditOptions, *, trouble: bool = True
    ) -> None:
        self.tell(sentence, trouble=trouble, button=button, way=lambda: self.again.emit(options))
