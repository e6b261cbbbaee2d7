"""An address is text that stands for exactly one path, whatever its bytes."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from auditor import address


@given(st.binary().filter(lambda raw: b"\0" not in raw))
@example(b"caf\xe9.jpg")
@example(b"bytes:caf%E9.jpg")
@example("naïve/é.jpg".encode())
def test_any_path_comes_back_from_its_address(raw: bytes) -> None:
    text = address.encode(raw)
    text.encode("utf-8")  # no lone surrogates: every store can hold it
    assert os.fsencode(address.decode(text)) == raw


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_utf8_path_is_its_own_address_unless_it_begins_with_the_mark(text: str) -> None:
    assert (address.encode(text) == text) is not text.startswith(address.MARK)


def test_file_with_a_non_utf8_name_opens_through_its_address(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(raw, "wb") as file:  # noqa: PTH123 - pathlib takes no bytes
        file.write(b"x")
    (found,) = tmp_path.iterdir()
    assert Path(address.decode(address.encode(found))).read_bytes() == b"x"
