"""The bank of questions: made from templates, merged with what people wrote, read and written as CSV."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from auditor.ask.base import Kind, Question

COLUMNS = ("label", "question", "answer", "kind", "source", "enabled", "locked")
_SYNSET = re.compile(r"^n\d{8}[_ -]")
_YES_NO = frozenset({"yes", "no"})


class BankError(ValueError):
    """The bank cannot be used so. Names the line or the question."""


def generate(
    classes: Sequence[str],
    *,
    confusable: Mapping[str, Sequence[str]] | None = None,
    per_class: int = 6,
    language: str = "en",
) -> tuple[Question, ...]:
    """Questions from templates for every class: what it must show, and one it must not.

    `confusable` names, by class, those it is taken for, most likely first; else the next class in
    the list is asked about. Raises BankError for a language without templates.
    """
    known = confusable or {}
    templates = _templates(language, are_digits=all(re.fullmatch(r"\d", name) for name in classes))
    found: list[Question] = []
    for place, name in enumerate(classes):
        others = [o for o in known.get(name, ()) if o != name]
        if not others and len(classes) > 1:
            others = [classes[(place + 1) % len(classes)]]
        found += _of_class(name, others, templates, per_class)
    return tuple(found)


def _of_class(
    name: str, others: Sequence[str], templates: Mapping[str, Sequence[str]], count: int
) -> list[Question]:
    negative = [
        Question(about=name, text=_worded(text, name, other), expected="no", kind=Kind.NEGATIVE)
        for text, other in zip(templates["negative"], others, strict=False)
    ]
    specific = [
        Question(about=name, text=_worded(text, name, ""), expected="yes", kind=Kind.SPECIFIC)
        for text in templates["specific"]
    ]
    return [*specific[: max(1, count - len(negative))], *negative]


def languages() -> tuple[str, ...]:
    """Those that there are templates in."""
    return tuple(_every())


def _every() -> dict[str, Any]:
    text = resources.files("resources").joinpath("questions/templates.toml").read_text("utf-8")
    return tomllib.loads(text)


def _templates(language: str, *, are_digits: bool) -> Mapping[str, Sequence[str]]:
    every = _every()
    if language not in every:
        raise BankError(f"there are no questions in {language!r}; there are: {', '.join(every)}")
    found: Mapping[str, Sequence[str]] = every[language]
    return every[language]["digits"] if are_digits else found


def _worded(template: str, name: str, other: str) -> str:
    said, against = noun(name), noun(other)
    return template.format(
        name=said, a_name=_with_article(said), other=against, a_other=_with_article(against)
    )


def noun(name: str) -> str:
    """A class's name as it stands in a sentence: n02123045_tabby_cat is a tabby cat."""
    words = re.sub(r"[_\-/]+", " ", _SYNSET.sub("", name)).strip()
    return words or name


def _with_article(words: str) -> str:
    an = words[:1].lower() in "aeiou" or words in {"8", "11", "18"}
    return f"{'an' if an else 'a'} {words}"


def merged(old: Sequence[Question], new: Sequence[Question]) -> tuple[Question, ...]:
    """The new questions, beside the old ones that a person wrote or locked; each question once.

    Classes that `new` says nothing about keep what they have.
    """
    renewed = {one.about for one in new}
    kept = [one for one in old if one.about not in renewed or one.locked or one.source == "human"]
    known = {(one.about, one.text) for one in kept}
    fresh = [one for one in new if (one.about, one.text) not in known]
    every = [*kept, *dict.fromkeys(fresh)]
    order = {
        name: place for place, name in enumerate(dict.fromkeys(one.about for one in [*old, *new]))
    }
    return tuple(sorted(every, key=lambda one: order[one.about]))


def validate(bank: Sequence[Question], classes: Sequence[str]) -> None:
    """Raises BankError where a question is empty, double, about no class, or cannot be expected so."""
    seen: set[tuple[str, str]] = set()
    for one in bank:
        if flaw := _flaw(one, classes):
            raise BankError(f"{one.text!r}: {flaw}")
        if (one.about, one.text) in seen:
            raise BankError(f"{one.text!r} is there twice for {one.about!r}")
        seen.add((one.about, one.text))


def _flaw(one: Question, classes: Sequence[str]) -> str | None:
    if not one.text.strip():
        return "the question is empty"
    if one.about not in classes:
        return f"there is no class {one.about!r}"
    if one.form == "yes_no" and one.expected not in _YES_NO:
        return f"a yes/no question expects yes or no, not {one.expected!r}"
    if one.form == "number" and not one.expected.isdigit():
        return f"a question for a number expects one in digits, not {one.expected!r}"
    return None


def read_csv(text: str, classes: Sequence[str]) -> tuple[Question, ...]:
    """Questions of a CSV text: ours, or the published one (label, question, answer, choose).

    `label` is a class or its place from 0; a file without that column has general questions, asked
    about every class. Rows whose `choose` is 0 are switched off. Raises BankError with the line.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    names = {name.strip().lower() for name in reader.fieldnames or ()}
    if "question" not in names:
        raise BankError("line 1: there is no column question")
    found: list[Question] = []
    for row in reader:
        cells = {(k or "").strip().lower(): (v or "").strip() for k, v in row.items() if k}
        found += _of_row(cells, classes, reader.line_num)
    try:
        validate(found, classes)
    except BankError as error:
        raise BankError(f"the file: {error}") from None
    return tuple(found)


def _of_row(cells: Mapping[str, str], classes: Sequence[str], line: int) -> list[Question]:
    if "label" not in cells:
        return [_general(cells, name) for name in classes]
    name = _class_of(cells["label"], classes)
    if name is None:
        raise BankError(f"line {line}: there is no class {cells['label']!r}")
    expected = cells.get("answer", "yes").lower() or "yes"
    kind = cells.get("kind") or _kind_of(expected)
    if kind not in set(Kind):
        raise BankError(f"line {line}: kind is one of {', '.join(Kind)}, not {kind!r}")
    return [
        Question(
            about=name,
            text=cells["question"],
            expected=name if kind == Kind.GENERAL else expected,
            kind=Kind(kind),
            source="imported",
            enabled=_is_on(cells),
            locked=cells.get("locked", "").lower() == "true",
        )
    ]


def _general(cells: Mapping[str, str], name: str) -> Question:
    return Question(
        about=name,
        text=cells["question"],
        expected=name,
        kind=Kind.GENERAL,
        source="imported",
        enabled=_is_on(cells),
    )


def _is_on(cells: Mapping[str, str]) -> bool:
    return cells.get("choose", "1") != "0" and cells.get("enabled", "true").lower() != "false"


def _kind_of(expected: str) -> str:
    if expected.isdigit():
        return str(Kind.COUNT)
    return str(Kind.NEGATIVE if expected == "no" else Kind.SPECIFIC)


def _class_of(label: str, classes: Sequence[str]) -> str | None:
    if label in classes:
        return label
    place = int(label) if label.isdigit() else -1
    return classes[place] if 0 <= place < len(classes) else None


def write_csv(bank: Sequence[Question]) -> str:
    """The bank as CSV text that `read_csv` takes back."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in bank:
        flags = (str(one.enabled).lower(), str(one.locked).lower())
        writer.writerow((one.about, one.text, one.expected, str(one.kind), one.source, *flags))
    return sink.getvalue()
