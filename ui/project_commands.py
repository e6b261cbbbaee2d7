"""What a project's window as a whole can do; the panels add their own commands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ui.commands import Command

if TYPE_CHECKING:
    from ui.project_window import ProjectWindow

Run = Callable[[], object]


def add(window: ProjectWindow) -> None:
    """Offer them all."""
    for command, run in (*_looks(window), *_panels(window), *_program(window)):
        window.commands.add(command, run)


def _looks(window: ProjectWindow) -> list[tuple[Command, Run]]:
    group = window.tr("Look")
    go = partial(partial, window.show_page)
    return [
        (Command("page.gallery", window.tr("Gallery"), group, ("G",)), go("gallery")),
        (Command("page.loupe", window.tr("Loupe"), group, ("E",)), go("loupe")),
        (Command("page.wall", window.tr("Wall of one pair"), group, ("W",)), go("wall")),
        (Command("page.back", window.tr("Back to the gallery"), group, ("Esc",)), window.back),
        (
            Command("page.full", window.tr("Full screen"), group, ("F11",), in_text=True),
            window.full_screen,
        ),
        (
            Command("list.reload", window.tr("Read the list again"), group, ("F5",)),
            window.workspace.reload,
        ),
    ]


def _panels(window: ProjectWindow) -> list[tuple[Command, Run]]:
    keys = {
        "queue": "Q",
        "evidence": "I",
        "audit": "Ctrl+1",
        "charts": "Ctrl+2",
        "history": "Ctrl+3",
    }
    group = window.tr("Panels")
    return [
        (
            Command(f"panel.{name}", window.docks[name].windowTitle(), group, (key,)),
            partial(window.toggle, name),
        )
        for name, key in keys.items()
    ]


def _program(window: ProjectWindow) -> list[tuple[Command, Run]]:
    group = window.tr("Project")
    return [
        (
            Command("project.folder", window.tr("Import a folder …"), group, ("Ctrl+O",)),
            window.importing.choose_folder,
        ),
        (
            Command("project.file", window.tr("Import a table …"), group, ("Ctrl+L",)),
            window.importing.choose_table,
        ),
        (
            Command("project.again", window.tr("Import the same source again …"), group),
            window.importing.again,
        ),
        (
            Command("ask.bank", window.tr("Questions about the pictures …"), group, ("Ctrl+B",)),
            window.show_questions,
        ),
        (
            Command("mistakes.triage", window.tr("Mistakes of a model …"), group, ("Ctrl+M",)),
            window.show_mistakes,
        ),
        (
            Command("packet.make", window.tr("Hand out a review packet …"), group),
            window.hand_out_packet,
        ),
        (
            Command("packet.merge", window.tr("Take review packets back …"), group),
            window.take_packets_back,
        ),
        (Command("project.export", window.tr("Export …"), group, ("Ctrl+E",)), window.export),
        (
            Command("project.report", window.tr("Write the report"), group, ("Ctrl+P",)),
            window.report,
        ),
        (
            Command("project.saved", window.tr("Save"), group, ("Ctrl+S",), in_text=True),
            window.say_saved,
        ),
        (
            Command("app.settings", window.tr("Settings …"), group, ("Ctrl+,",)),
            window.show_settings,
        ),
        (Command("app.keys", window.tr("Keyboard …"), group, ("?",)), window.show_keys),
        (
            Command("app.palette", window.tr("Find a command …"), group, ("Ctrl+K",), in_text=True),
            window.show_palette,
        ),
        (
            Command("project.close", window.tr("Close the project"), group, ("Ctrl+W",)),
            window.close_only,
        ),
        (Command("app.quit", window.tr("Quit"), group, ("Ctrl+Q",)), window.close),
    ]
