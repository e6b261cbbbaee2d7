"""Who may answer is written in one way, and read back as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.ask import answerers
from auditor.ask.answerers import ids
from auditor.ask.base import AnswererError


@pytest.mark.parametrize(
    "text",
    [
        "hf:org/repo",
        "hf:org/repo@abc",
        "hf:local-dir:/a b/c",
        "demo:digits",
        "demo:natural",
        "server:http://127.0.0.1:8000/v1#qwen2-vl",
        "server:https://host/v1#org/model#2",
        "zero-shot:open_clip:ViT-B-32/tag",
        "person",
    ],
)
def test_an_id_is_written_as_it_was_read(text: str) -> None:
    assert str(ids.parse(text)) == text


def test_an_id_is_taken_apart() -> None:
    server = ids.parse("server:http://127.0.0.1:8000/v1/#org/model")
    assert (server.url, server.name) == ("http://127.0.0.1:8000/v1", "org/model")
    assert ids.parse("hf:local-dir:/m").folder == Path("/m")
    model = ids.parse("hf:org/repo@main")
    assert (model.name, model.revision) == ("org/repo", "main")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hf:",
        "hf:repo",
        "hf:local-dir:",
        "demo:cats",
        "server:127.0.0.1:8000#m",
        "server:ftp://h/v1#m",
        "server:http://h/v1",
        "server:http:///#m",
        "zero-shot:",
        "gpt-4",
    ],
)
def test_an_id_of_no_known_form_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(AnswererError, match="Ids are written hf:ORG/REPO"):
        ids.parse(text)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(AnswererError, match="password in its address") as told:
        ids.parse("server:https://me:geheim@host/v1#m")
    assert "geheim" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hf:org/repo", "is not on this machine"),
        ("hf:local-dir:/no/such", "no such folder"),
        ("zero-shot:tensorflow:x", "is no model id"),
        ("zero-shot:classic", "places no sentences"),
        ("person", "asked in the window"),
    ],
)
def test_who_cannot_answer_is_told_in_one_kind_of_error(text: str, told: str) -> None:
    with pytest.raises(AnswererError, match=told):
        answerers.load(text)


def test_reading_ids_loads_no_model_library() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from auditor.ask import answerers; answerers.parse('person');"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'httpx2')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
