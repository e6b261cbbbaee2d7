"""Review packets: a file goes out, comes back, and nothing else is believed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import cohen_kappa_score

from auditor.formats import packet as files
from auditor.formats.packet import PacketError
from auditor.model import MEDIA_SCHEMA, Verdict
from auditor.session import Session, vote_counts
from auditor.session.packet_contents import PacketOptions
from auditor.session.packets import Packets, Reviewing, StalePacketError
from auditor.session.votes import Voting
from auditor.store import media
from tests import images, project_world, reviewers, tables


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with project_world.session(tmp_path) as opened:
        yield opened


def packets(session: Session) -> Packets:
    return Packets(session.store, session.folder)


def handed(session: Session, out: Path, reviewer: str = "ann", **options: Any) -> Path:
    packets(session).make(out, PacketOptions(reviewer=reviewer, **options))
    return out


def answer(path: Path, labels: Callable[[int], list[str]], **more: Any) -> Path:
    """Answer every item with the labels of its sample."""
    held = Reviewing.open(path)
    for one in held.manifest.items:
        held.put(one.item, labels(one.sample_id), **more)
    held.save()
    return path


def votes(session: Session) -> int:
    try:
        return int(Voting(session.store, session.folder).all().num_rows)
    except ValueError:
        return 0


def given(sample_id: int) -> list[str]:
    return [project_world.LABELS[sample_id]]


def test_answers_come_back_as_the_reviewers_votes_and_only_once(
    session: Session, tmp_path: Path
) -> None:
    path = handed(session, tmp_path / "a.packet", count=5)
    held = Reviewing.open(path)
    assert len(held.manifest.items) == 5
    done = packets(session).merge([answer(path, given, note="clear")])
    assert (done.answered, done.unanswered, done.votes, done.conflicts) == (5, 0, 15, ())
    rows = Voting(session.store, session.folder).all().to_pylist()
    assert {row["annotator"] for row in rows} == {"ann"}
    assert all(
        (row["answer"] == "yes") == ([row["label"]] == given(row["sample_id"])) for row in rows
    )
    assert {row["note"] for row in rows} == {"clear"}
    voting = Voting(session.store, session.folder)
    wrong = rows[0]["sample_id"]
    for decided in (voting.decisions(voting.merged()), tables.decisions([wrong], "relabel", "b")):
        session.decide(decided, "what the votes say, or not")  # their own doing: not stale
        again = packets(session).merge([path])
        assert (again.answered, again.votes, votes(session)) == (5, 0, 15)


def test_a_reviewer_goes_on_where_they_stopped(session: Session, tmp_path: Path) -> None:
    path = handed(session, tmp_path / "a.packet", count=4)
    held = Reviewing.open(path)
    first, second, *_ = held.manifest.items
    held.put(first.item, ["a"], ["b"])
    held.save()
    assert packets(session).merge([path]).unanswered == 3
    held = Reviewing.open(path)
    assert held.answers[first.item].maybe == ("b",)
    held.put(second.item, [])
    held.put(first.item, ["c"])
    held.save()
    done = packets(session).merge([path])
    assert (done.answered, done.votes) == (2, 6)  # a, b and c of the first changed; three new


def test_a_label_that_is_named_no_more_is_taken_back(session: Session, tmp_path: Path) -> None:
    path = handed(session, tmp_path / "a.packet", count=1)
    (one,) = Reviewing.open(path).manifest.items
    rest = [name for name in "abc" if name not in one.given]  # type: ignore[operator]
    packets(session).merge([answer(path, lambda _: ["a", "b", "c"])])
    bob = answer(handed(session, tmp_path / "b.packet", "bob", count=1), lambda _: rest[:1])
    packets(session).merge([bob, answer(path, given)])
    merged = Voting(session.store, session.folder).merged("majority")
    said = dict(zip(merged.ballot.asked["label"].to_pylist(), merged.score.tolist(), strict=True))
    assert said == {one.given[0]: 0.5, rest[0]: 0.5, rest[1]: 0.0}  # type: ignore[index]


def test_a_check_hands_out_what_it_flags_and_a_blind_packet_does_not_tell(
    session: Session, tmp_path: Path
) -> None:
    open_ = Reviewing.open(handed(session, tmp_path / "o.packet", check_id="label_errors"))
    items = {one.sample_id: one for one in open_.manifest.items}
    assert set(items) == {0, 1}
    assert (items[0].given, items[0].suggested) == (("a",), ("b",))
    blind = handed(session, tmp_path / "b.packet", check_id="label_errors", is_blind=True)
    for one in Reviewing.open(blind).manifest.items:
        assert (one.given, one.suggested, one.path) == (None, None, None)
        assert list(one.candidates) == sorted(one.candidates)
        assert len(one.candidates) == 3  # all classes there are: the given one does not stand alone


def test_pictures_are_in_the_file_and_a_broken_one_is_found(
    session: Session, tmp_path: Path
) -> None:
    shown = [images.packed(images.scene(i), kind) for i, kind in enumerate(("PNG", "JPEG"))]
    row = {"sample_id": 0, "sha256": "0", "thumbnail": shown[0]}
    rows = [row, {"sample_id": 1, "sha256": "1", "thumbnail": shown[1]}]
    step = media.SaveMedia(
        pa.Table.from_pylist(rows, schema=MEDIA_SCHEMA), session.folder.thumbnails
    )
    session.store.write(step).result()
    path = handed(session, tmp_path / "p.packet", check_id="label_errors")
    held = Reviewing.open(path)
    items = {one.sample_id: one for one in held.manifest.items}
    assert [held.picture(items[i]) for i in (0, 1)] == shown
    assert str(items[0].picture).endswith(".png")
    answer(path, given)
    assert held.picture(items[1]) == shown[1]
    rewritten(path, str(items[1].picture), lambda _: shown[0])
    with pytest.raises(PacketError, match=r"the picture of item \d is not the one"):
        packets(session).merge([path])


def test_a_picture_that_changed_makes_an_answer_stale(session: Session, tmp_path: Path) -> None:
    path = answer(handed(session, tmp_path / "a.packet", count=12), given)
    rows = pa.Table.from_pylist([{"sample_id": 2, "sha256": "new"}], schema=MEDIA_SCHEMA)
    session.store.write(media.SaveMedia(rows, session.folder.thumbnails)).result()
    with pytest.raises(StalePacketError, match=r"first 2\.png"):
        packets(session).merge([path])


def test_what_cannot_be_seen_is_not_handed_out(session: Session, tmp_path: Path) -> None:
    rows = [{"sample_id": i, "reason": "truncated"} for i in (0, 5)]
    table = pa.Table.from_pylist(rows, schema=MEDIA_SCHEMA)
    session.store.write(media.SaveMedia(table, session.folder.thumbnails)).result()
    every = Reviewing.open(handed(session, tmp_path / "a.packet"))
    assert {one.sample_id for one in every.manifest.items} == set(range(12)) - {0, 5}
    flagged = Reviewing.open(handed(session, tmp_path / "f.packet", check_id="label_errors"))
    assert [one.sample_id for one in flagged.manifest.items] == [1]


def test_gold_items_judge_the_reviewer_and_are_not_told_apart(
    session: Session, tmp_path: Path
) -> None:
    session.decide(tables.decisions([7, 8], "keep"), "looked at")
    path = handed(session, tmp_path / "g.packet", count=3, gold=2)
    held = Reviewing.open(path)
    assert {7, 8} < {one.sample_id for one in held.manifest.items}
    assert b"gold" not in path.read_bytes()
    wrong = answer(path, lambda sample: given(sample) if sample != 7 else ["a"])
    done = packets(session).merge([wrong])
    assert done.gold["ann"].judged == 2
    assert done.gold["ann"].right == 1
    with pytest.raises(PacketError, match="a person has decided 2 samples that could be gold"):
        handed(session, tmp_path / "h.packet", gold=3)


def test_a_stale_packet_is_refused_and_its_other_answers_are_not_lost(
    session: Session, tmp_path: Path
) -> None:
    path = answer(handed(session, tmp_path / "a.packet", count=12), given)
    session.decide_on(np.array([4]), Verdict.RELABEL, labels=["c"])
    with pytest.raises(StalePacketError, match=r"a\.packet is stale: 1 of its 12 .* first 4\.png"):
        packets(session).merge([path])
    assert votes(session) == 0
    assert len(Reviewing.open(path).answers) == 12
    done = packets(session).merge([path], skip_stale=True)
    assert (done.stale, done.votes) == (1, 33)
    session.undo()
    assert packets(session).merge([path]).votes == 3


def test_a_sample_that_left_the_source_is_stale(session: Session, tmp_path: Path) -> None:
    path = answer(handed(session, tmp_path / "a.packet", count=12), given)
    tables.import_rows(session.store, tables.samples(project_world.LABELS[:11]))
    with pytest.raises(StalePacketError, match=r"first 11\.png"):
        packets(session).merge([path])


def test_what_two_reviewers_differ_about_is_told(session: Session, tmp_path: Path) -> None:
    ann = answer(handed(session, tmp_path / "a.packet", count=6), given)
    bob = handed(session, tmp_path / "b.packet", "bob", count=6)
    ids = sorted(one.sample_id for one in Reviewing.open(bob).manifest.items)
    assert ids == sorted(one.sample_id for one in Reviewing.open(ann).manifest.items)
    answer(bob, lambda sample: ["b"] if sample == ids[0] else given(sample))
    done = packets(session).merge([ann, bob])
    differ = {ids[0]} if given(ids[0]) != ["b"] else set()
    assert set(done.conflicts) == differ


def rewritten(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change one part of the zip, as an editor or a bad disk might."""
    with zipfile.ZipFile(path) as held:
        parts = {n: held.read(n) for n in held.namelist()}
    parts[name] = change(parts[name])
    with zipfile.ZipFile(path, "w") as out:
        for part, data in parts.items():
            out.writestr(part, data)


def edited_json(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        found = json.loads(data)
        change(found)
        return json.dumps(found).encode()

    return edit


def _first_answer(found: dict[str, Any]) -> dict[str, Any]:
    one: dict[str, Any] = next(iter(found["answers"].values()))
    return one


@pytest.mark.parametrize(
    ("part", "change", "complaint"),
    [
        ("answers.json", edited_json(lambda f: _first_answer(f).update(maybe=["b"])), "was edited"),
        ("answers.json", edited_json(lambda f: f.update(packet="0")), "about other questions"),
        ("answers.json", lambda data: data[:-9], "was edited or is broken"),
        ("answers.json", lambda _: b"[]", "was edited or is broken"),
        ("packet.json", edited_json(lambda f: f.update(reviewer="bob")), "was edited"),
        ("packet.json", edited_json(lambda f: f["items"][0].update(sample_id=3)), "was edited"),
        ("packet.json", edited_json(lambda f: f["items"][0].pop("path")), "was edited"),
        ("packet.json", edited_json(lambda f: f.update(version=2)), "another version"),
        ("packet.json", edited_json(lambda f: f.update(format="x")), "no packet of this program"),
    ],
)
def test_an_edited_packet_is_refused_and_nothing_is_taken_in(
    session: Session,
    tmp_path: Path,
    part: str,
    change: Callable[[bytes], bytes],
    complaint: str,
) -> None:
    good = answer(handed(session, tmp_path / "good.packet", count=3), given)
    bad = answer(handed(session, tmp_path / "bad.packet", count=3), given)
    rewritten(bad, part, change)
    before = bad.read_bytes()
    with pytest.raises(PacketError, match=rf"bad\.packet {complaint}|bad\.packet .*{complaint}"):
        packets(session).merge([good, bad])
    assert votes(session) == 0
    assert bad.read_bytes() == before


def test_a_packet_that_was_made_again_by_hand_is_known_by_the_project(
    session: Session, tmp_path: Path
) -> None:
    path = handed(session, tmp_path / "a.packet", count=3)
    files.write(path, replace(Reviewing.open(path).manifest, reviewer="bob"), {})
    answer(path, given)  # the file agrees with itself again
    with pytest.raises(PacketError, match="edited after it was made"):
        packets(session).merge([path])


def test_a_packet_of_another_project_is_refused(session: Session, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with project_world.session(tmp_path / "other") as other:
        handed(other, tmp_path / "mine.packet", count=3)
        path = answer(handed(session, tmp_path / "a.packet", count=3), given)
        with pytest.raises(PacketError, match=r"made by another project \(p\)"):
            packets(other).merge([path])


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all"])
def test_what_is_no_packet_is_refused(session: Session, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.packet"
    path.write_bytes(content)
    with pytest.raises(PacketError, match=r"x\.packet is broken, or no packet"):
        packets(session).merge([path])
    with pytest.raises(PacketError, match="there is no file"):
        Reviewing.open(tmp_path / "none.packet")
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("a.txt", "a")
    with pytest.raises(PacketError, match=r"it has no packet\.json"):
        Reviewing.open(path)


def test_every_single_broken_byte_is_found_or_harmless(session: Session, tmp_path: Path) -> None:
    path = answer(handed(session, tmp_path / "a.packet", count=2), given)
    whole, said = path.read_bytes(), Reviewing.open(path).answers
    for place in np.random.default_rng(0).integers(0, len(whole), 300):
        broken = bytearray(whole)
        broken[place] ^= 0x15
        path.write_bytes(bytes(broken))
        try:
            assert files.read(path).answers == said
        except PacketError:
            continue


def test_an_answer_must_be_about_an_item_and_a_class(session: Session, tmp_path: Path) -> None:
    held = Reviewing.open(handed(session, tmp_path / "a.packet", count=2))
    with pytest.raises(PacketError, match="no item 9"):
        held.put("9", ["a"])
    with pytest.raises(PacketError, match="no class 'zebra'"):
        held.put("1", ["zebra"])


def test_nothing_is_overwritten_and_an_empty_packet_is_not_made(
    session: Session, tmp_path: Path
) -> None:
    path = handed(session, tmp_path / "a.packet", count=2)
    with pytest.raises(PacketError, match="exists already"):
        handed(session, path)
    session.decide(tables.decisions([0, 1], "keep"), "looked at")
    with pytest.raises(PacketError, match="no undecided sample flagged by label_errors"):
        handed(session, tmp_path / "b.packet", check_id="label_errors")
    assert not (tmp_path / "b.packet").exists()


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> reviewers.Trial:
    return reviewers.study(tmp_path_factory.mktemp("study"))


def test_the_labels_of_two_reviewers_merged_beat_each_of_them(trial: reviewers.Trial) -> None:
    alone = [trial.right(labels) for labels in (*trial.said.values(), trial.given)]
    for way in ("majority, with the given label", "Dawid-Skene, with the given label"):
        assert trial.right(trial.merged[way]) > max(alone) + 0.05
    assert trial.packets.answered == 4000
    assert len(trial.packets.conflicts) == np.sum(trial.said["ann"] != trial.said["bob"])


def test_the_reviewers_kappa_is_scikit_learns(trial: reviewers.Trial) -> None:
    wide = trial.votes.to_pandas().pivot_table(
        index=["sample_id", "label"], columns="annotator", values="answer", aggfunc="first"
    )
    both = wide.dropna()
    found = vote_counts.summary(trial.votes).cohen_kappa["ann, bob"]
    assert found == pytest.approx(cohen_kappa_score(both["ann"], both["bob"]), abs=1e-12)


def test_gold_items_teach_who_errs_how(tmp_path: Path) -> None:
    trial = reviewers.study(tmp_path, samples=500, gold=100)
    right = {name: (said == trial.truth).mean() for name, said in trial.said.items()}
    assert {name: score.judged for name, score in trial.packets.gold.items()} == {
        "ann": 100,
        "bob": 100,
    }
    # Of two who differ neither is believed but by gold, which believes who did better there.
    gold = trial.packets.gold
    better = max(gold, key=lambda name: gold[name].right)
    assert gold["ann"].right != gold["bob"].right
    assert trial.right(trial.merged["Dawid-Skene, the two alone"]) == right[better]
