"""How the questions and what asking takes are put into words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from auditor.session.interview import AskPlan, Kind, Outlook, Reliability
from ui.moment import span


def tr(text: str) -> str:
    return QCoreApplication.translate("AskWords", text)


def kind(one: Kind) -> str:
    return {
        Kind.GENERAL: tr("general"),
        Kind.SPECIFIC: tr("of the class"),
        Kind.NEGATIVE: tr("negative"),
        Kind.COUNT: tr("count"),
    }[one]


def about_kind(one: Kind) -> str:
    """What a question of that kind is for."""
    return {
        Kind.GENERAL: tr("Asks for a description; the class should be in it"),
        Kind.SPECIFIC: tr("About what a picture of the class shows"),
        Kind.NEGATIVE: tr("About what it must not show: who says yes to everything fails it"),
        Kind.COUNT: tr("Asks for a number"),
    }[one]


def source(name: str) -> str:
    return {
        "template": tr("template"),
        "llm": tr("model"),
        "human": tr("you"),
        "imported": tr("file"),
    }.get(name, name)


def plan(one: AskPlan, price: float) -> str:
    """How many answers, how many of them known, how long and what it costs."""
    known = one.prompts - one.new
    text = tr("{new:,} to ask").format(new=one.new)
    if known:
        text += tr(", {known:,} known already").format(known=known)
    if one.new:
        text += ", " + time(one)
        if price:
            text += tr(", cost {cost:,.2f}").format(cost=one.cost(price))
    return text


def time(one: AskPlan) -> str:
    if one.seconds is None:
        return tr("time not known yet")
    return tr("about {span}").format(span=span(one.seconds))


def cascade(outlook: Outlook, price: float) -> str:
    """What is asked with “disputed”."""
    if not outlook.has_doubts:
        return tr("Disputed labels only: run the label check first, else all are asked about.")
    return tr("Disputed labels only: {plan}.").format(plan=plan(outlook.disputed, price))


def so_far(outlook: Outlook, price: float) -> str:
    """What was answered and what it cost; "" where nothing was."""
    if not outlook.answers:
        return ""
    text = tr("Answered so far: {count:,}, of them {unclear:,} unclear").format(
        count=outlook.answers, unclear=outlook.unclear
    )
    if price:
        text += tr("; cost so far {cost:,.2f}").format(cost=outlook.spent(price))
    return text + "."


def leaves(host: str) -> str:
    return tr(
        "The pictures leave this machine: each one asked about is sent to {host}. Nothing is sent"
        " before you allow it."
    ).format(host=host)


def use(one: Reliability, *, enabled: bool) -> str:
    """Whether a question counts, and why not."""
    if not enabled:
        return tr("no: switched off")
    if one.is_used and one.is_backward:
        return tr("⇄ used the other way round: is its expected answer right?")
    if one.is_used:
        return tr("✓ used")
    difference = one.agrees_if_right - one.agrees_if_wrong
    if difference < 0:
        return tr("✕ not used: agrees more where labels are wrong")
    return tr("✕ tells too little: {points:.0f} points").format(points=100 * difference)
