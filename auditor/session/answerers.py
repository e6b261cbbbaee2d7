"""Who can be asked on this machine, and whether pictures leave it; loads no model."""

from __future__ import annotations

from importlib import import_module
from urllib.parse import urlsplit

from auditor.ask.answerers import folder_of
from auditor.ask.answerers.ids import DEMOS, AnswererId, parse
from auditor.ask.base import AnswererError
from auditor.ml import encoders


def offered() -> tuple[str, ...]:
    """Ids of those whose files are here: the demo's models, then others, then encoders of text."""
    demos = [f"demo:{name}" for name in DEMOS if _is_here(AnswererId("demo", name))]
    here = encoders.present()
    models = encoders.answering()
    shipped = (encoders.SHIPPED,) if encoders.shipped_folder().is_dir() else ()
    zero_shot = [
        f"zero-shot:{name}"
        for name in (*here, *shipped)
        if name.startswith(("open_clip:", *shipped))
    ]
    return (*demos, *models, *zero_shot)


def _is_here(one: AnswererId) -> bool:
    try:
        return folder_of(one).is_dir()
    except AnswererError:
        return False


def pictures_leave_for(answerer_id: str) -> str:
    """Host and port of a server that is not this machine, which pictures would go to; "" for none.

    Raises AnswererIdError.
    """
    found = parse(answerer_id)
    if found.kind != "server":
        return ""
    place = urlsplit(found.url)
    # Its HTTP client is loaded with it: whoever asks no server needs none.
    server = import_module("auditor.ask.answerers.server")
    return "" if server.is_loopback(place.hostname or "") else place.netloc
