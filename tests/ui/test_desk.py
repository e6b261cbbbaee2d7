from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from auditor.model import ChangeSet, Verdict
from auditor.session import Session
from ui.desk import Desk


def test_an_answer_comes_on_the_qt_thread(desk: Desk, qtbot: QtBot) -> None:
    got: list[tuple[bool, bool]] = []
    desk.ask(
        lambda _session: threading.current_thread() is threading.main_thread(),
        lambda asked: got.append((asked, QThread.isMainThread())),
    )
    qtbot.waitUntil(lambda: bool(got))
    assert got == [(False, True)]


def test_a_failure_reaches_failed_and_only_failed(desk: Desk, qtbot: QtBot) -> None:
    def refuse(_session: Session) -> None:
        raise ValueError("no")

    calls: list[str] = []
    desk.ask(refuse, lambda _none: calls.append("done"), lambda error: calls.append(str(error)))
    qtbot.waitUntil(lambda: bool(calls))
    assert calls == ["no"]


def test_a_failure_nobody_takes_becomes_a_sentence(desk: Desk, qtbot: QtBot) -> None:
    def refuse(_session: Session) -> None:
        raise OSError(28, "No space left on device")

    with qtbot.waitSignal(desk.trouble) as told:
        desk.ask(refuse, lambda _none: None)
    assert "disk is full" in told.args[0]


def test_a_newer_question_of_the_lane_makes_the_older_ones_answer_drop(
    desk: Desk, qtbot: QtBot
) -> None:
    gate, got = threading.Event(), list[str]()

    def slow(_session: Session) -> str:
        gate.wait(10)
        return "old"

    desk.ask(slow, got.append, lane="list")
    desk.ask(lambda _session: "new", got.append, lane="list")
    qtbot.waitUntil(lambda: got == ["new"])
    gate.set()
    desk.ask(lambda _session: "other", got.append, lane="another")
    desk.act(lambda _session: "last", got.append)
    qtbot.waitUntil(lambda: "last" in got and "other" in got)
    assert "old" not in got


def test_the_answer_for_a_widget_that_is_gone_is_dropped(desk: Desk, qtbot: QtBot) -> None:
    gate, got, owner = threading.Event(), list[str](), QObject()
    desk.ask(lambda _session: gate.wait(10), lambda _ok: got.append("gone"), owner=owner)
    owner.deleteLater()
    with qtbot.waitSignal(owner.destroyed):
        pass
    gate.set()
    desk.act(lambda _session: None, lambda _none: got.append("later"))
    qtbot.waitUntil(lambda: bool(got))
    qtbot.wait(20)
    assert got == ["later"]


def test_acts_are_done_in_the_order_asked_for(desk: Desk, qtbot: QtBot) -> None:
    order: list[int] = []
    done: list[int] = []

    def act(number: int) -> None:
        desk.act(lambda _session: order.append(number), lambda _none: done.append(number))

    for number in range(20):
        act(number)
    qtbot.waitUntil(lambda: len(done) == 20)
    assert order == done == list(range(20))


def test_commits_close_together_are_told_of_once(desk: Desk, qtbot: QtBot) -> None:
    told: list[ChangeSet] = []
    desk.changed.connect(told.append)
    for sample_id in range(5):
        desk.session.decide_on(np.array([sample_id]), Verdict.KEEP)  # Qt hears of none meanwhile
    qtbot.waitUntil(lambda: len({i for one in told for i in one.sample_ids or ()}) == 5)
    assert len(told) < 5
    assert all(one.touches("review") for one in told)


@pytest.mark.parametrize("asks", [0, 3])
def test_what_was_decided_is_written_before_the_desk_closes(
    session: Session, qtbot: QtBot, asks: int
) -> None:
    desk = Desk(session)
    for sample_id in range(asks):
        ids = np.array([sample_id])
        desk.act(partial(Session.decide_on, sample_ids=ids, verdict=Verdict.KEEP), lambda _n: None)
    desk.close()
    rows = session.read(lambda db: db.execute("select count(*) from review").fetchone())
    assert rows == (asks,)


def test_a_picture_that_takes_long_holds_no_other_question_up(desk: Desk, qtbot: QtBot) -> None:
    gate, got = threading.Event(), list[str]()
    desk.ask(lambda _session: gate.wait(20), lambda _ok: None, slow=True, urgent=True)
    for name in ("counts", "plan", "findings"):
        desk.ask(partial(_named, name), got.append)
    try:
        qtbot.waitUntil(lambda: got == ["counts", "plan", "findings"], timeout=3000)
    finally:
        gate.set()


def _named(name: str, _session: object) -> str:
    return name
