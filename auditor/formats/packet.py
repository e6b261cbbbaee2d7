"""A review packet: one file with the pictures and questions for one reviewer, and their answers.

A zip of `packet.json` (what was handed out, with the hash of every picture), `pictures/`, and
`answers.json`. The hash of `packet.json` is its identity: the project that made it keeps it, and the
answers name it. Hashes find what was edited or broken; they do not prove who wrote it.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from auditor.formats.output import whole_file

_FORMAT, _VERSION = "dataset-auditor packet", 1
_MANIFEST, _ANSWERS = "packet.json", "answers.json"
_LARGEST = 64 * 2**20
"""Bytes of a packet's larger JSON part that is still read; a zip may claim anything."""


class PacketError(ValueError):
    """The file is no packet, or not as it was made. Says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One sample to look at."""

    item: str
    """Its name in the packet, such as "17"."""
    sample_id: int
    path: str | None
    """None in a blind packet: a folder's name is often the label."""
    row: int | None
    candidates: tuple[str, ...]
    """Labels that are asked about, in no telling order where the packet is blind."""
    given: tuple[str, ...] | None
    """The labels when the packet was made; None in a blind one."""
    suggested: tuple[str, ...] | None
    """What the check suggests; None in a blind one."""
    state: str
    """Hash of the labels and the picture when the packet was made; see `state_of`."""
    picture: str | None
    """Name of the picture in the zip; None where the image cannot be read."""
    picture_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the reviewer says of one item: candidates in neither list do not fit."""

    yes: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    note: str = ""
    made_on: datetime
    """When, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    packet_id: str
    project_id: str
    project: str
    reviewer: str
    made_on: str
    check_id: str | None
    is_blind: bool
    classes: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(slots=True)
class Packet:
    """A packet as read: the manifest is whole, each answer is about one of its items."""

    path: Path
    manifest: Manifest
    sha256: str
    answers: dict[str, Answer] = field(default_factory=dict)


def state_of(packet_id: str, labels: Sequence[str] | None, image_sha256: str | None) -> str:
    """The hash of a sample's labels (None: excluded) and image bytes, told apart per packet."""
    text = json.dumps([packet_id, None if labels is None else sorted(labels), image_sha256])
    return sha256_of(text.encode())


def sha256_of(data: bytes) -> str:
    """The hash of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def write(path: Path, manifest: Manifest, pictures: Mapping[str, bytes]) -> str:
    """Write a new packet; returns its hash. `pictures` are encoded images by their names."""
    text = _canonical({"format": _FORMAT, "version": _VERSION, **asdict(manifest)})
    with whole_file(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as out:
        out.writestr(_MANIFEST, text)
        for name, data in pictures.items():
            out.writestr(name, data)
        # Present from the start: a file that lost its answers is not one without any.
        out.writestr(_ANSWERS, _said(sha256_of(text), {}))
    return sha256_of(text)


def read(path: Path) -> Packet:
    """A packet with its answers, after every hash in it was compared. Raises PacketError."""
    try:
        with path.open("rb") as file:
            return _read(file, path)
    except FileNotFoundError:
        raise PacketError(f"there is no file {path}") from None
    except PacketError:
        raise
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise PacketError(f"{path.name} was edited or is broken: its JSON cannot be read") from None
    except _BROKEN:
        raise PacketError(
            f"{path.name} is broken, or no packet: ask the reviewer to send it again"
        ) from None


_BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, RuntimeError),
    # What a torn zip makes of its own offsets.
    *(OSError, ValueError, OverflowError, struct.error),
)


def _read(file: BinaryIO, path: Path) -> Packet:
    with zipfile.ZipFile(file) as held:
        text = _part(held, _MANIFEST, path)
        manifest = _manifest(json.loads(text), path)
        _compare_pictures(held, manifest, path)
        said = json.loads(_part(held, _ANSWERS, path))
    sha256 = sha256_of(text)
    return Packet(path, manifest, sha256, _answers(said, manifest, sha256, path))


def picture(packet: Packet, item: Item) -> bytes | None:
    """The encoded picture of an item of a packet that was read."""
    if item.picture is None:
        return None
    with zipfile.ZipFile(packet.path) as held:
        return held.read(item.picture)


def save(packet: Packet) -> None:
    """Write the packet's answers into its file, which is the old or the new one at any moment."""
    with (
        zipfile.ZipFile(packet.path) as held,
        whole_file(packet.path) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as out,
    ):
        for name in held.namelist():
            if name != _ANSWERS:
                out.writestr(name, held.read(name))
        out.writestr(_ANSWERS, _said(packet.sha256, packet.answers))


def _said(packet_sha256: str, answers: Mapping[str, Answer]) -> bytes:
    plain = {name: _plain(one) for name, one in answers.items()}
    return _canonical({"packet": packet_sha256, "answers": plain, "sha256": _hash_of(plain)})


def _part(held: zipfile.ZipFile, name: str, path: Path) -> bytes:
    try:
        if held.getinfo(name).file_size > _LARGEST:
            raise PacketError(f"{path.name} is no packet: its {name} is too large")
        return held.read(name)
    except KeyError:
        raise PacketError(f"{path.name} is no packet: it has no {name}") from None


def _manifest(found: Any, path: Path) -> Manifest:
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise PacketError(f"{path.name} is no packet of this program")
    if found.get("version") != _VERSION:
        raise PacketError(f"{path.name} was made by another version: update the program")
    facts = {k: v for k, v in found.items() if k not in {"format", "version"}}
    try:
        items = tuple(_item(one) for one in facts.pop("items"))
        return Manifest(**{**facts, "classes": tuple(facts["classes"]), "items": items})
    except (KeyError, TypeError, ValueError):
        raise PacketError(f"{path.name} was edited: what it asks cannot be read") from None


def _item(found: Mapping[str, Any]) -> Item:
    several = {
        name: None if found[name] is None else tuple(found[name])
        for name in ("candidates", "given", "suggested")
    }
    return Item(**{**found, **several})


def _compare_pictures(held: zipfile.ZipFile, manifest: Manifest, path: Path) -> None:
    for one in manifest.items:
        if one.picture is None:
            continue
        if sha256_of(_part(held, one.picture, path)) != one.picture_sha256:
            raise PacketError(
                f"{path.name} was edited or is broken: the picture of item {one.item} is not the"
                " one that was handed out"
            )


def _answers(said: Any, manifest: Manifest, sha256: str, path: Path) -> dict[str, Answer]:
    edited = PacketError(
        f"{path.name} was edited or is broken: its answers are not those that were given in the"
        " program; ask the reviewer for the file again"
    )
    if not isinstance(said, dict) or said.get("sha256") != _hash_of(said.get("answers")):
        raise edited
    if said.get("packet") != sha256:
        raise PacketError(f"{path.name} was edited: its answers are about other questions")
    try:
        answers = {name: _answer(one) for name, one in said["answers"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise edited from None
    allowed = {one.item: {*manifest.classes, *one.candidates} for one in manifest.items}
    for name, answer in answers.items():
        if not allowed.get(name, set()).issuperset((*answer.yes, *answer.maybe)):
            raise edited
    return answers


def _answer(found: Mapping[str, Any]) -> Answer:
    return Answer(
        yes=tuple(map(str, found["yes"])),
        maybe=tuple(map(str, found["maybe"])),
        note=str(found["note"]),
        made_on=datetime.fromisoformat(found["made_on"]).astimezone(UTC),
    )


def _plain(answer: Answer) -> dict[str, Any]:
    return {**asdict(answer), "made_on": answer.made_on.astimezone(UTC).isoformat()}


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, sort_keys=True).encode()


def _hash_of(value: Any) -> str:
    return sha256_of(_canonical(value))
