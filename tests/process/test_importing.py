"""Importing again: what changed on the disk is noticed, and what did not is not done twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.formats.base import ImportOptions
from auditor.jobs.pool import CancelledError
from auditor.session import AuditOptions, Imported, Session, understand
from auditor.session.folder import ProjectFolder
from auditor.store import media, project, samples
from tests.system import program

pytestmark = pytest.mark.process


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return program.picture_folder(tmp_path / "pets")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as opened:
        yield opened


def take_in(session: Session, source: Path) -> Imported:
    return session.import_source(understand(source, ImportOptions()))


def audited(session: Session) -> str:
    (end,) = session.audit(AuditOptions(checks=["unreadable_images"]))
    return end.state


def test_a_changed_image_is_looked_at_again_and_older_findings_are_stale(
    session: Session, source: Path
) -> None:
    take_in(session, source)
    assert audited(session) == "done"
    assert audited(session) == "reused"
    (source / "cat" / "1.png").write_bytes(b"<html>gone</html>")
    again = take_in(session, source)
    assert (again.changed_files, again.scanned) == (1, 1)
    assert again.unreadable == {"not_an_image": 1}
    assert session.is_stale("unreadable_images")
    assert audited(session) == "done"
    assert session.findings("unreadable_images")["path"].to_pylist() == ["cat/1.png"]


def test_a_file_with_a_new_time_and_the_same_bytes_changes_nothing(
    session: Session, source: Path
) -> None:
    take_in(session, source)
    audited(session)
    os.utime(source / "cat" / "1.png", ns=(1, 1))
    again = take_in(session, source)
    assert (again.changed_files, again.scanned) == (1, 1)
    assert not session.is_stale("unreadable_images")
    assert take_in(session, source).changed_files == 0


def test_a_deleted_and_a_returned_image_are_noticed(session: Session, source: Path) -> None:
    take_in(session, source)
    (source / "cat" / "0.png").rename(source / "0.aside")
    gone = take_in(session, source)
    assert (gone.counts.missing, gone.counts.total, gone.changed_files) == (1, 5, 0)
    (source / "0.aside").rename(source / "cat" / "0.png")
    back = take_in(session, source)
    assert (back.counts.returned, back.counts.added, back.scanned) == (1, 0, 0)


def test_a_scan_that_was_cut_short_is_made_up_for_by_the_next_audit(
    session: Session, source: Path
) -> None:
    take_in(session, source)
    audited(session)
    (source / "dog" / "2.png").write_bytes(b"")
    changed = session.read(samples.read).filter([p == "dog/2.png" for p in paths(session)])
    session.store.write(media.LookAgain(changed["sample_id"].to_pylist())).result()
    assert audited(session) == "done"
    assert session.findings("unreadable_images")["path"].to_pylist() == ["dog/2.png"]


def paths(session: Session) -> list[str]:
    found: list[str] = session.read(samples.read)["path"].to_pylist()
    return found


def test_stopping_while_the_source_is_read_keeps_nothing_of_it(
    session: Session, source: Path
) -> None:
    session.cancel.set()
    with pytest.raises(CancelledError):
        take_in(session, source)
    assert session.read(samples.count) == 0
    assert session.read(project.data_version) == 0
    session.cancel.clear()
    assert take_in(session, source).counts.added == 6


def test_images_that_are_gone_are_told_and_no_features_are_invented_for_them(
    session: Session, source: Path
) -> None:
    options = AuditOptions(checks=["label_errors"], encoder="classic")
    take_in(session, source)
    (source / "cat" / "1.png").rename(source / "away.png")
    (end,) = session.audit(options)
    assert end.message == "1 of the images cannot be read any more: import the data set again"
    assert session.findings("label_errors", only_flagged=False).num_rows == 5


def test_an_audit_whose_source_is_gone_is_skipped_with_the_way_out(
    session: Session, source: Path
) -> None:
    take_in(session, source)
    source.rename(source.with_name("moved"))
    (end,) = session.audit(AuditOptions(checks=["label_errors"], encoder="classic"))
    assert end.state == "skipped"
    assert end.message == f"no image can be read any more in {source}: import it again"
