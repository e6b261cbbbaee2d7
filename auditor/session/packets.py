"""Review packets without a server: hand samples out in a file, take the reviewer's answers back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from auditor.formats import packet as files
from auditor.formats.packet import Answer, Item, Manifest, Packet, PacketError
from auditor.model import ChangeSet
from auditor.session import ballots
from auditor.session import packet_contents as contents
from auditor.session.folder import ProjectFolder
from auditor.session.packet_contents import PacketOptions
from auditor.session.votes import Voting
from auditor.store import project, votes
from auditor.store.db import Connection, Store


class StalePacketError(PacketError):
    """A label or picture changed after the packet was made."""


@dataclass(frozen=True, slots=True)
class Made:
    path: Path
    items: int
    gold: int


@dataclass(frozen=True, slots=True)
class GoldScore:
    """How a reviewer did on items whose label was known."""

    right: int
    judged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedPackets:
    answered: int
    unanswered: int
    votes: int
    """Votes that say something new."""
    stale: int
    """Answered items left out because what they were about has changed."""
    gold: dict[str, GoldScore]
    """By reviewer."""
    conflicts: tuple[int, ...]
    """Samples of these packets about which any two annotators of the project differ."""


@dataclass(frozen=True, slots=True)
class Packets:
    """A project's packets."""

    store: Store
    folder: ProjectFolder

    def make(self, out: Path, options: PacketOptions) -> Made:
        """Write a packet for one reviewer. Raises PacketError where there is nothing to hand out."""
        if out.exists():
            raise PacketError(f"{out} exists already: give the packet a new name")
        draw = np.random.default_rng(options.seed)
        packet_id = uuid.uuid4().hex
        with self.store.reader() as db:
            chosen = contents.chosen(db, options, draw)
            gold = contents.gold(db, options, set(chosen), draw)
            ids = draw.permutation([*chosen, *gold]).tolist()
            items = contents.items(db, ids, packet_id, options, draw)
            known, pictures = contents.with_pictures(db, self.folder.thumbnails, items)
            classes = project.classes(db)
        manifest = Manifest(
            packet_id=packet_id,
            project_id=self._identity(),
            project=self.folder.name,
            reviewer=options.reviewer,
            made_on=datetime.now(UTC).isoformat(timespec="seconds"),
            check_id=options.check_id,
            is_blind=options.is_blind,
            classes=classes,
            items=tuple(known),
        )
        sha256 = files.write(out, manifest, pictures)
        note = votes.NotePacket(packet_id, options.reviewer, sha256, gold)
        try:
            self.store.write(note).result()
        except BaseException:
            out.unlink(missing_ok=True)  # nobody would take it back
            raise
        return Made(out, len(known), len(gold))

    def merge(self, paths: Sequence[Path], *, skip_stale: bool = False) -> MergedPackets:
        """Take the answers of packets in as votes: of all of them or, where one is refused, of none.

        `skip_stale` leaves out single items that changed since. Merging again changes nothing.
        Raises PacketError, StalePacketError.
        """
        packets = [files.read(path) for path in paths]
        with self.store.reader() as db:
            noted = [_noted(db, one, _identity(db)) for one in packets]
            before = [votes.cast_by(db, one.manifest.reviewer) for one in packets]
            stale = [_stale(db, one, said) for one, said in zip(packets, before, strict=True)]
        for one, changed in zip(packets, stale, strict=True):
            if changed and not skip_stale:
                raise StalePacketError(_sentence(one, changed))
        kept = [
            {name: said for name, said in one.answers.items() if name not in changed}
            for one, changed in zip(packets, stale, strict=True)
        ]
        steps = [
            votes.CastVotes(_votes(one, said, own), votes.PACKET + one.manifest.packet_id)
            for one, said, own in zip(packets, kept, before, strict=True)
        ]
        self.store.write(_Together(steps)).result()
        asked = sum(len(one.manifest.items) for one in packets)
        answered = sum(len(one.answers) for one in packets)
        return MergedPackets(
            answered=answered,
            unanswered=asked - answered,
            votes=sum(step.added for step in steps),
            stale=sum(map(len, stale)),
            gold=_gold_scores(packets, kept, [one["gold"] for one in noted]),
            conflicts=self._conflicts(packets),
        )

    def _conflicts(self, packets: Sequence[Packet]) -> tuple[int, ...]:
        ids = {item.sample_id for one in packets for item in one.manifest.items}
        cast = ballots.ballot(Voting(self.store, self.folder).complete())
        owners = cast.asked["sample_id"].to_numpy()[ballots.disputed(cast)]
        return tuple(sorted(ids.intersection(owners.tolist())))

    def _identity(self) -> str:
        """The project's own name among all projects, made when it is first needed."""
        with self.store.reader() as db:
            known = _identity(db)
        if known is None:
            known = uuid.uuid4().hex
            self.store.write(project.PutFact(_IDENTITY, known)).result()
        return known


_IDENTITY = "project_id"


def _identity(db: Connection) -> str | None:
    found: str | None = project.fact(db, _IDENTITY)
    return found


@dataclass(frozen=True, slots=True)
class _Together:
    """Several transactions as one."""

    steps: Sequence[Callable[[Connection], ChangeSet]]

    def __call__(self, db: Connection) -> ChangeSet:
        done = [step(db) for step in self.steps]
        return ChangeSet(frozenset().union(*(one.tables for one in done)))


def _noted(db: Connection, packet: Packet, identity: str | None) -> dict[str, Any]:
    """What the project noted when it made the packet. Raises PacketError."""
    name, manifest = packet.path.name, packet.manifest
    if manifest.project_id != identity:
        raise PacketError(
            f"{name} was made by another project ({manifest.project}): merge it there; nothing was"
            " taken in"
        )
    noted = votes.packet(db, manifest.packet_id)
    if noted is None:
        raise PacketError(
            f"{name} is not among the packets that this project handed out: was it made by a copy"
            " of the project? Nothing was taken in"
        )
    if noted["sha256"] != packet.sha256:
        raise PacketError(
            f"{name} was edited after it was made: what it asks is not what was handed out; nothing"
            " was taken in"
        )
    return noted


_Said = Sequence[tuple[int, str, datetime]]
"""Sample, label and time of a reviewer's earlier votes."""


def _stale(db: Connection, packet: Packet, before: _Said) -> frozenset[str]:
    """Answered items whose labels or picture are not those of when the packet was made.

    Answers that were taken in before are not: what changed since may be their own doing.
    """
    taken = {(sample_id, made_on) for sample_id, _, made_on in before}
    answered = [
        one
        for one in packet.manifest.items
        if (said := packet.answers.get(one.item)) and (one.sample_id, _plain(said)) not in taken
    ]
    rows = votes.labels_now(db, [one.sample_id for one in answered]).to_pylist()
    states = {
        row["sample_id"]: contents.state(packet.manifest.packet_id, row)
        for row in rows
        if row["present"]
    }
    return frozenset(one.item for one in answered if states.get(one.sample_id) != one.state)


def _sentence(packet: Packet, stale: frozenset[str]) -> str:
    first = next(one for one in packet.manifest.items if one.item in stale)
    return (
        f"{packet.path.name} is stale: {len(stale)} of its {len(packet.answers)} answers are about"
        f" samples whose label or picture changed since, first {first.path or f'item {first.item}'};"
        " nothing was taken in:"
        " merge with --skip-stale to take the others"
    )


def _votes(packet: Packet, answers: Mapping[str, Answer], before: _Said) -> pa.Table:
    """A vote about each candidate, and each label that the reviewer adds, or named earlier."""
    items = {one.item: one for one in packet.manifest.items}
    earlier: dict[int, list[tuple[str, datetime]]] = {}
    for sample_id, label, made_on in before:
        earlier.setdefault(sample_id, []).append((label, made_on))
    rows = []
    for name, said in answers.items():
        known = earlier.get(items[name].sample_id, ())
        named = (label for label, made_on in known if made_on < _plain(said))
        asked = dict.fromkeys((*items[name].candidates, *said.yes, *said.maybe, *named))
        for label in asked:
            answer = "yes" if label in said.yes else "maybe" if label in said.maybe else "no"
            rows.append(
                {
                    "sample_id": items[name].sample_id,
                    "label": label,
                    "answer": answer,
                    "annotator": packet.manifest.reviewer,
                    "made_on": _plain(said),
                    "note": said.note or None,
                }
            )
    return pa.Table.from_pylist(rows, schema=votes.OWN_SCHEMA)


def _plain(said: Answer) -> datetime:
    """When it was said, as the store keeps it."""
    return said.made_on.astimezone(UTC).replace(tzinfo=None)


def _gold_scores(
    packets: Sequence[Packet],
    answers: Sequence[Mapping[str, Answer]],
    gold: Sequence[Mapping[int, Sequence[str]]],
) -> dict[str, GoldScore]:
    found: dict[str, GoldScore] = {}
    for packet, said, right in zip(packets, answers, gold, strict=True):
        judged = [
            set(said[one.item].yes) == set(right[one.sample_id])
            for one in packet.manifest.items
            if one.sample_id in right and one.item in said
        ]
        before = found.get(packet.manifest.reviewer, GoldScore(0, 0))
        if judged:
            found[packet.manifest.reviewer] = GoldScore(
                before.right + sum(judged), before.judged + len(judged)
            )
    return found


class Reviewing:
    """A packet in a reviewer's hands; needs no project. `save` after answers that must stay.

    One thread may answer while another saves.
    """

    def __init__(self, packet: Packet) -> None:
        self._packet = packet

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises PacketError."""
        return cls(files.read(path))

    @property
    def path(self) -> Path:
        return self._packet.path

    @property
    def manifest(self) -> Manifest:
        return self._packet.manifest

    @property
    def answers(self) -> Mapping[str, Answer]:
        """By item; those not answered yet are absent."""
        return self._packet.answers

    def picture(self, item: Item) -> bytes | None:
        """The encoded picture; None where the image cannot be read."""
        return files.picture(self._packet, item)

    def put(self, item: str, yes: Sequence[str], maybe: Sequence[str] = (), note: str = "") -> None:
        """Answer an item; no label in either list means that none asked about fits.

        Raises PacketError where the packet has no such item or label.
        """
        found = next((one for one in self.manifest.items if one.item == item), None)
        if found is None:
            raise PacketError(f"the packet has no item {item}")
        strange = {*yes, *maybe} - {*found.candidates, *self.manifest.classes}
        if strange:
            raise PacketError(f"item {item}: the data set has no class {sorted(strange)[0]!r}")
        self._packet.answers[item] = Answer(
            yes=tuple(yes), maybe=tuple(maybe), note=note, made_on=datetime.now(UTC)
        )

    def put_back(self, item: str, before: Answer | None) -> None:
        """Make an item's answer the one that it was before; None: it had none."""
        if before is None:
            self._packet.answers.pop(item, None)
        else:
            self._packet.answers[item] = before

    def save(self) -> int:
        """Write the answers there are now into the packet's file; how many these are."""
        answers = dict(self._packet.answers)
        files.save(replace(self._packet, answers=answers))
        return len(answers)


__all__ = [
    "Answer",
    "GoldScore",
    "Item",
    "Made",
    "Manifest",
    "MergedPackets",
    "PacketError",
    "PacketOptions",
    "Packets",
    "Reviewing",
    "StalePacketError",
]
