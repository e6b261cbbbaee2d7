"""A project of an older version opens, with everything in it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import duckdb
import pytest

from auditor.session import Session, browsing
from auditor.session.browsing import State, View
from auditor.session.folder import ProjectFolder
from auditor.store import project
from auditor.store.db import Store
from auditor.store.migrations import NewerProjectError

_CONTENTS = """
insert into project values ('schema_version', '{version}'), ('data_version', '1');
insert into class values (0, 'a'), (1, 'b');
insert into sample select i, i || '.png', null, 0, ['a'], null, null, true from range(4) t(i);
insert into run values
    (1, 'k1', 'first', 1, '{{}}', '{{}}', 1, 'done', null, '2026-01-01 10:00', '2026-01-01 10:01', 60),
    (2, 'k2', 'second', 1, '{{}}', '{{}}', 1, 'done', null, '2026-01-01 12:00', '2026-03-01 12:00', 60);
insert into finding select r, i, 0.5, true, null, null, null, ['b'], null, null
    from range(1, 3) runs(r), range(4) t(i);
insert into action values
    (1, 'Keep the label of 1 sample', null, 'ann', '2026-01-01 11:00'),
    (2, 'Label 1 sample as b', null, 'ann', '2026-01-01 11:01'),
    (3, 'Keep the label of 1 sample', null, 'ann', '2026-01-01 13:00');
insert into change values
    (1, 0, null, null, null, null, 'keep', null, null, 1, 'first', 0.5),
    (2, 1, null, null, null, null, 'relabel', ['b'], null, 2, 'first', 0.5),
    (3, 2, null, null, null, null, 'keep', null, null, 3, 'first', 0.5);
insert into review values
    (0, 'keep', null, null, 1), (1, 'relabel', ['b'], null, 2), (2, 'keep', null, null, 3);
select nextval('action_seq') from range(3);
"""


def written(folder: ProjectFolder, version: int) -> Path:
    """A project as that version of the schema left it."""
    folder.make()
    scripts = sorted(resources.files("auditor.store.migrations").iterdir(), key=lambda f: f.name)
    with duckdb.connect(str(folder.database)) as db:
        for script in [f for f in scripts if f.name.endswith(".sql")][:version]:
            db.execute(script.read_text(encoding="utf-8"))
        db.execute(_CONTENTS.format(version=version))
    return folder.database


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_project_opens_and_tells_what_was_decided_because_of_which_check(
    tmp_path: Path, version: int
) -> None:
    folder = ProjectFolder(tmp_path / "old.audit")
    written(folder, version)
    with Session(folder, workers=1) as session:

        def states(check_id: str) -> list[State]:
            view = View(check_id=check_id)
            rows = session.read(lambda db: browsing.rows(db, view, range(4)))
            return [row.state for row in rows]

        seen, done = State.UNSEEN, State.DECIDED
        assert states("first") == [done, done, done, seen]
        assert states("second") == [seen, done, done, seen]  # though the run was used again since
        assert session.undo() == ("Keep the label of 1 sample", 1)
        assert states("first") == [done, done, seen, seen]
    with duckdb.connect(str(folder.database.with_suffix(f".schema{version}.duckdb"))) as before:
        assert before.execute("select count(*) from review").fetchall() == [(3,)]


def test_a_project_of_a_later_version_is_refused_by_name_and_left_as_it_is(tmp_path: Path) -> None:
    folder = ProjectFolder(tmp_path / "new.audit")
    folder.make()
    store = Store(folder.database)
    store.write(project.PutFact("schema_version", 99)).result()
    store.close()
    with pytest.raises(NewerProjectError, match=r"new\.audit was written by a later version"):
        Store(folder.database)
