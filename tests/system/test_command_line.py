"""The command line as a user meets it, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system import program

pytestmark = pytest.mark.process

COMMANDS = (
    "demo",
    "import",
    "attach",
    "audit",
    "findings",
    "decide",
    "undo",
    "redo",
    "export",
    "report",
    "plant",
    "score",
    "checks",
    "models",
    "doctor",
    "schema",
)


def test_help_names_every_command_and_the_exit_codes() -> None:
    text = program.ok("--help")
    assert all(f" {command} " in text for command in COMMANDS)
    assert "130" in text


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "models"])
def test_each_command_explains_itself_with_an_example(command: str) -> None:
    assert f"auditor {command}" in program.ok(command, "--help").replace("\n", " ")


def test_a_folder_with_a_broken_file_is_audited_and_the_file_named(tmp_path: Path) -> None:
    program.picture_folder(tmp_path / "pets")
    (tmp_path / "pets" / "cat" / "page.jpg").write_text("<html>not found</html>")
    project = tmp_path / "pets.audit"

    program.ok("import", "pets", cwd=tmp_path)
    result = program.answer("audit", project, "--checks", "unreadable_images", "-q")
    assert result["counts"]["unreadable"] == {"not_an_image": 1}
    assert [(c["judged"], c["flagged"]) for c in result["checks"]] == [(7, 1)]
    told = program.run("audit", project, "-p", tmp_path / "other")
    assert (told.returncode, "is a project already" in told.stderr) == (2, True)
    told = program.run("audit", "pets", "--baseline", tmp_path / "none.json", cwd=tmp_path)
    assert (told.returncode, "features" in told.stderr) == (2, False)  # before any work
    rows = json.loads(
        program.ok("findings", project, "--check", "unreadable_images", "--format", "json")
    )
    assert [(r["path"], r["evidence"]["reason"]) for r in rows] == [
        ("cat/page.jpg", "not_an_image")
    ]
    assert (project / "report.html").stat().st_size > 0


def test_a_decision_is_undone_redone_and_exported_in_later_processes(tmp_path: Path) -> None:
    source = program.picture_folder(tmp_path / "pets")
    before = {p: p.read_bytes() for p in source.rglob("*.png")}
    project = tmp_path / "p.audit"
    program.ok("import", source, "-p", project)
    rule = "relabel dog where path = 'cat/0.png'"
    assert program.answer("decide", project, "--rule", rule) == {"decided": 1}
    assert program.answer("undo", project)["steps"] == [{"title": rule, "samples": 1}]
    assert program.run("undo", project).returncode == 2
    assert program.answer("redo", project)["steps"] == [{"title": rule, "samples": 1}]
    program.ok("decide", project, "--rule", "exclude where path = 'dog/2.png'")

    program.ok("export", project, "-o", tmp_path / "clean")
    written = sorted(
        p.relative_to(tmp_path / "clean").as_posix() for p in (tmp_path / "clean").rglob("*.png")
    )
    assert len(written) == 5
    assert "dog/2.png" not in written
    assert sum(name.startswith("dog/") for name in written) == 3
    changes = [
        json.loads(line) for line in (tmp_path / "clean" / "changes.jsonl").read_text().splitlines()
    ]
    assert [(c["path"], c["verdict"]) for c in changes] == [
        ("cat/0.png", "relabel"),
        ("dog/2.png", "exclude"),
    ]
    assert {p: p.read_bytes() for p in source.rglob("*.png")} == before


def test_changes_of_one_project_apply_to_another_as_a_patch(tmp_path: Path) -> None:
    source = program.picture_folder(tmp_path / "pets")
    for name in ("one", "two"):
        program.ok("import", source, "-p", tmp_path / f"{name}.audit")
    program.ok("decide", tmp_path / "one.audit", "--rule", "exclude where path contains '0.png'")
    program.ok("export", tmp_path / "one.audit", "-o", tmp_path / "clean")
    for name in ("changes.jsonl", "changes.csv"):
        taken = program.answer(
            "decide", tmp_path / "two.audit", "--from", tmp_path / "clean" / name
        )
        assert taken == {"decided": 2 if name.endswith("jsonl") else 0}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["fnord"], "No such command"),
        (["import", "nowhere"], "nowhere"),
        (["audit", "{project}", "--checks", "nonsense"], "there is no check 'nonsense'"),
        (["audit", "{project}", "--set", "label_errors.folds=x"], "label_errors.folds must be int"),
        (["audit", "{project}", "--set", "folds=3"], "CHECK.PARAM=VALUE"),
        (["audit", "{project}", "--fail-on", "label_errors=="], "is not a rule"),
        (["audit", "{project}", "--device", "tpu"], "--device tpu"),
        (["findings", "{project}", "--check", "label_errors"], "has not been run"),
        (["findings", "nowhere.audit"], "is not a project"),
        (["decide", "{project}", "--rule", "burn where flagged"], "the verbs are"),
        (["decide", "{project}", "--rule", "keep where secret = 1"], "no column 'secret'"),
        (["decide", "{project}"], "either --rule or --from"),
        (["attach", "{project}"], "--embeddings or --pred-probs"),
        (["attach", "{project}", "--embeddings", "none.npy"], "no file none.npy"),
        (["export", "{project}", "-o", "{project}"], "not empty"),
        (["export", "{project}", "-o", "new", "--files", "teleport"], "--files teleport"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    imported: Path, arguments: list[str], complaint: str
) -> None:
    ended = program.run(*(a.format(project=imported) for a in arguments), cwd=imported.parent)
    assert ended.returncode == 2, ended.stderr
    assert complaint in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of six images."""
    folder = tmp_path_factory.mktemp("imported")
    program.picture_folder(folder / "pets")
    program.ok("import", "pets", cwd=folder)
    return folder / "pets.audit"


def test_a_project_in_use_names_the_holder(imported: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from auditor.store.db import Store\n"
            "s = Store(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read(); s.close()",
            str(imported / "project.duckdb"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=program.ROOT,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "open\n"
    ended = program.run("undo", imported)
    holder.communicate("")
    assert ended.returncode == 4
    assert f"PID {holder.pid}" in ended.stderr


def test_a_file_that_is_no_project_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.audit").mkdir()
    (tmp_path / "x.audit" / "project.duckdb").write_bytes(os.urandom(5000))
    ended = program.run("undo", tmp_path / "x.audit")
    assert ended.returncode == 2
    assert "cannot be opened" in ended.stderr


def test_a_project_of_a_later_version_is_refused_and_untouched(
    imported: Path, tmp_path: Path
) -> None:
    import duckdb

    later = tmp_path / "later.audit"
    later.mkdir()
    (later / "project.duckdb").write_bytes((imported / "project.duckdb").read_bytes())
    with duckdb.connect(later / "project.duckdb") as db:
        db.execute("update project set value = '999' where key = 'schema_version'")
    before = (later / "project.duckdb").read_bytes()
    ended = program.run("undo", later)
    assert ended.returncode == 2
    assert "later version" in ended.stderr
    assert (later / "project.duckdb").read_bytes() == before


def test_the_schema_is_json_schema() -> None:
    assert json.loads(program.ok("schema"))["$schema"].endswith("2020-12/schema")
