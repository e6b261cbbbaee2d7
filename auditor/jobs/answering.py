"""Workers' part of asking: who answers, and answers about pictures. In workers only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.ask.base import Answer, AnswererError, Keep, Kind, Prompt, Question
from auditor.checks.base import Cancelled
from auditor.jobs import journal
from auditor.jobs.tasks import Kept, Report, Tables, device, pictures, use_threads

_PICTURES = 32
"""So many are held in memory, and given to the answerer, at once."""


def describe(_: pa.Table, config: Mapping[str, Any], report: Report, kept: Kept) -> Tables:
    """Id, fingerprint and forms of the answerer."""
    answerer = _answerer(config, kept)
    report(1, 1)
    facts = {
        "id": answerer.id,
        "fingerprint": answerer.fingerprint,
        "forms": sorted(answerer.forms),
    }
    return {"answerer": pa.Table.from_pylist([facts])}


def answer(samples: pa.Table, config: Mapping[str, Any], report: Report, kept: Kept) -> Tables:
    """Ask about each sample's picture what its column `prompts` lists; the answers are in the journal.

    `samples` has sample_id, path, row, pixel_hash and prompts: list of {form, text}. Progress counts
    prompts.
    """
    answerer = _answerer(config, kept)
    total = sum(map(len, samples["prompts"].to_pylist()))
    done = 0
    with journal.writing(Path(config["journals"]), answerer.fingerprint, answerer.id) as book:
        for start in range(0, samples.num_rows, _PICTURES):
            batch = samples.slice(start, _PICTURES)
            readable, images = pictures(batch, config, kept)
            rows = [r for r in batch.to_pylist() if r["sample_id"] in set(readable)]
            prompts = [[Prompt(p["text"], p["form"]) for p in r["prompts"]] for r in rows]
            hashes = [r["pixel_hash"] for r in rows]
            answerer.answer(
                images, prompts, _keeping(book, hashes, prompts), _counting(report, done, total)
            )
            done += sum(map(len, prompts))
    report(total, total)
    return {}


def where(samples: pa.Table, config: Mapping[str, Any], report: Report, kept: Kept) -> Tables:
    """The heat map of one sample for the questions in the config: base, hidden, columns, is_hard."""
    from auditor.ask import occlusion

    answerer = _answerer(config, kept)
    _, images = pictures(samples, config, kept)
    if not images:
        raise AnswererError("The picture cannot be read any more; import the set again.")
    asked = [Question(**{**one, "kind": Kind(one["kind"])}) for one in config["questions"]]
    found = occlusion.where(answerer, images[0], asked, report, config["cells"])
    facts = {
        "base": found.base,
        "hidden": found.hidden.ravel().tolist(),
        "columns": found.hidden.shape[1],
        "is_hard": found.is_hard,
    }
    return {"map": pa.Table.from_pylist([facts])}


def write_questions(
    classes: pa.Table, config: Mapping[str, Any], report: Report, kept: Kept
) -> Tables:
    """Questions about each class, written by a server's language model."""
    from auditor.ask.generate import ask_for_questions

    server = _answerer(config, kept)
    if not hasattr(server, "say"):
        raise AnswererError(f"{server.id} writes no questions: name a server, server:URL#MODEL")
    found: list[dict[str, Any]] = []
    names = classes["name"].to_pylist()
    for place, name in enumerate(names):
        report(place, len(names))
        found += [asdict(one) for one in ask_for_questions(server, name, config["per_class"])]
    report(len(names), len(names))
    return {"questions": pa.Table.from_pylist(found)}


def _keeping(
    book: journal.Journal, hashes: Sequence[str], prompts: Sequence[Sequence[Prompt]]
) -> Keep:
    def keep(picture: int, prompt: int, answer: Answer) -> None:
        book.add(hashes[picture], prompts[picture][prompt].key, answer)

    return keep


def _counting(report: Report, before: int, total: int) -> Report:
    def tell(done: int, _of: int) -> None:
        try:
            report(min(before + done, total), total)
        except OSError:  # the program that asked is gone: end in order, and keep what was answered
            raise Cancelled from None

    return tell


def _answerer(config: Mapping[str, Any], kept: Kept) -> Any:
    from auditor.ask import answerers

    use_threads(config["threads"])
    name, where = config["answerer"], device(config["device"])
    options = answerers.ServerOptions(**config["options"])
    key = (name, where, options)
    return kept.get("answerer", key, lambda: answerers.load(name, device=where, options=options))
