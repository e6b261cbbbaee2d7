"""The engine's sentences in the window's words: it speaks to the command line first."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

from ui.start import words

_SET = re.compile(r"--set \w+\.(?P<name>\w+)=(?P<what>[A-Z]+)")


def tr(text: str) -> str:
    return QCoreApplication.translate("Sentences", text)


def for_the_window(sentence: str) -> str:
    """The sentence with the window's fields and commands in place of the command line's."""
    for said, meant in _meanings().items():
        sentence = sentence.replace(said, meant)
    return _SET.sub(lambda found: _setting(found["name"], found["what"]), sentence)


def _setting(name: str, what: str) -> str:
    return tr("write {what} into “{name}” among its settings").format(
        what=what, name=name.replace("_", " ")
    )


def _meanings() -> dict[str, str]:
    fields = {f"--{role}-column": f"“{title}”" for role, title in words.roles().items()}
    attach = tr("“Attach features or probabilities” in the menu Audit")
    return {
        **fields,
        "--label-separator": f"“{words.separator_title()}”",
        "make one with `auditor import SOURCE`": tr("open a folder of pictures to make one"),
        "`auditor attach`": attach,
        "in the order that `auditor import --dry-run` prints": tr("in the order that stands here"),
        " (`auditor findings --all` lists it)": "",
        "say which is which with --order": tr("name a file that says whose each row is"),
    }
