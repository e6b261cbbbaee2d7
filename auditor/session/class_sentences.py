"""Sentences about each class for an encoder that reads them, and about none of the classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.jobs.pool import Handlers, Pool, Task
from auditor.session.ask_inputs import written
from auditor.session.importing import raise_failure, worker_died
from auditor.session.needs import Ready

NEED = "class_texts"

_CLASS = ("a photo of {article} {name}", "a photo of the {thing} {name}", "the {thing} {name}")
_NONE = ("a photo of no {thing}", "part of {a_thing}", "background", "nothing")


def sentences(classes: Sequence[str], thing: str) -> pa.Table:
    """text, about: the place of its class, -1 for none of them."""
    spoken = [name.replace("_", " ") for name in classes]
    rows = [
        {"text": form.format(name=name, article=_article(name), thing=thing), "about": code}
        for code, name in enumerate(spoken)
        for form in _CLASS
    ]
    a_thing = f"{_article(thing)} {thing}"
    rows += [{"text": form.format(thing=thing, a_thing=a_thing), "about": -1} for form in _NONE]
    return pa.Table.from_pylist(rows)


def class_texts(
    pool: Pool, config: Mapping[str, Any], classes: Sequence[str], thing: str, folder: Path
) -> Ready:
    """The sentences with where the encoder of `config` puts them: text, about, values.

    Raises TaskError where it reads none.
    """
    found: dict[str, pa.Table] = {}
    pool.run(
        [
            Task(
                "auditor.jobs.tasks:embed_texts",
                sentences(classes, thing),
                dict(config),
                may_halve=False,
            )
        ],
        Handlers(
            done=lambda _task, tables: found.update(tables), lost=worker_died, failed=raise_failure
        ),
        total=0,
    )
    return written(found["texts"], folder / f"{NEED}.arrow", thing)


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" else "a"
