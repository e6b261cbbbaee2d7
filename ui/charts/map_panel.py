"""The map of the data set: samples that look alike lie together."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor, QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from auditor.model import ChangeSet
from auditor.progress import Progress
from auditor.session import Session
from auditor.session.background import JobEvent, JobState
from auditor.session.mapping import MapPoints
from ui.charts import map_scene, words
from ui.charts.base import Chart
from ui.charts.map_card import MapCard
from ui.charts.map_legend import MapLegend
from ui.charts.map_scene import Mode, Scene
from ui.charts.map_view import MapView
from ui.charts.scatter import Layer, Places
from ui.commands import Command, Commands
from ui.workspace import NONE, Subset, Workspace


class MapPanel(Chart):
    """Shows the list on the map, and picks samples by drawing around them."""

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        body = QWidget()
        self.view = MapView(workspace.desk, body)
        self.legend = MapLegend(body)
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.view, 1)
        row.addWidget(self.legend)
        super().__init__(workspace, body, parent)
        self._card = MapCard(workspace, self.view)
        self._points: MapPoints | None = None
        self._job: int | None = None
        self._add_controls()
        self._add_commands(commands)
        self._connect()

    def _add_controls(self) -> None:
        self.modes = QComboBox(self)
        self.modes.setAccessibleName(self.tr("Colours"))
        for mode, title in (
            (Mode.CLASS, self.tr("Colours: class")),
            (Mode.REVIEW, self.tr("Colours: review")),
            (Mode.P_ERROR, self.tr("Colours: p_error")),
        ):
            self.modes.addItem(title, mode)
        self._lasso = QToolButton(self)
        self._clear = QToolButton(self)
        self._fit = QToolButton(self)
        self._seen = QToolButton(self)
        self.again = QPushButton(self.tr("Make again"), self)
        self.again.clicked.connect(self.make)
        self._old = QLabel(self.tr("The data set changed since the map was made."), self)
        for widget in (self.modes, self._lasso, self._seen, self._clear, self._fit):
            self.controls.addWidget(widget)
        self.controls.addStretch()
        self.controls.addWidget(self._old)
        self.controls.addWidget(self.again)
        self._say_old(is_old=False)

    def _add_commands(self, commands: Commands) -> None:
        group = self.tr("Charts")
        add = commands.add
        self._lasso_action = add(
            Command("map.lasso", self.tr("Lasso"), group, ("L",), checkable=True), self._start_lasso
        )
        self._lasso_action.setToolTip(
            self.tr("Draw around samples on the map; Shift and drag for a rectangle")
        )
        seen = add(Command("map.seen", self.tr("Pick what is seen"), group), self._pick_seen)
        seen.setToolTip(self.tr("List the samples within the part of the map that is shown"))
        clear = add(Command("map.clear", self.tr("Clear the lasso"), group), self._clear_subset)
        fit = add(Command("map.fit", self.tr("Whole map"), group), self.view.fit)
        self._make_action = add(Command("map.make", self.tr("Make the map"), group), self.make)
        buttons = (self._lasso, self._seen, self._clear, self._fit)
        for button, action in zip(buttons, (self._lasso_action, seen, clear, fit), strict=True):
            button.setDefaultAction(action)
        self._clear_action = clear
        self._actions = (self._lasso_action, seen, fit)
        self._enable()

    def _connect(self) -> None:
        workspace = self.workspace
        self.view.hovered.connect(self._hover)
        self.view.picked.connect(self._pick)
        self.view.lassoed.connect(self._take)
        self.view.lasso_ended.connect(lambda: self._lasso_action.setChecked(False))
        self.modes.activated.connect(self.refresh)
        workspace.ids_changed.connect(self.refresh)
        workspace.rows_changed.connect(self._on_rows)
        workspace.focus_changed.connect(self._show_focus)
        workspace.selection_changed.connect(self._show_selection)
        workspace.subset_changed.connect(self._enable)
        workspace.desk.job.connect(self._follow)

    # reading

    @property
    def mode(self) -> Mode:
        return Mode(self.modes.currentData())

    def read(self) -> None:
        mode, view, listed = self.mode, self.workspace.view, self.workspace.ids
        known, before = self._points, self.view.scene

        def question(session: Session) -> Scene | None:
            points = known or session.map_points()
            if points is None:
                return None
            is_same = before is not None and before.points is points
            # Decisions change no class: what was asked of a million points is kept.
            if is_same and before is not None and before.colouring.mode is mode is Mode.CLASS:
                colouring = before.colouring
            else:
                colouring = map_scene.colour(session, points, mode, view)
            return map_scene.scene(points, colouring, listed)

        self.workspace.desk.ask(
            question, self._show, self.failed, lane="map", owner=self, slow=True
        )

    def _show(self, scene: Scene | None) -> None:
        if scene is None:
            self._offer()
            return
        self._points = scene.points
        self.view.show_scene(scene)
        self.legend.show_colouring(scene.colouring)
        self._say_old(is_old=scene.points.stale)
        self.show_body()
        self._show_focus(self.workspace.focus)
        self._show_selection()
        self._enable()

    def _on_rows(self, changes: ChangeSet) -> None:
        if changes.touches("sample", "run", "media"):
            self._points = None
            self.refresh()
        elif self.mode is not Mode.CLASS:
            self.refresh()

    def _tell_counts(self, selected: int) -> None:
        scene = self.view.scene
        if scene is None:
            return
        parts = [self.tr("{count} on the map").format(count=words.samples(len(scene.points.xy)))]
        if len(scene.outside.points.x):
            parts.append(
                self.tr("{count:,} of them in the list").format(count=len(scene.listed.points.x))
            )
        if selected:
            parts.append(self.tr("{count:,} selected").format(count=selected))
        self.tell(
            self.tr("{counts}. Samples that look alike lie together.").format(
                counts=", ".join(parts)
            )
        )

    # making the map

    def make(self) -> None:
        """Queue the making of the map."""
        if self._job is None:
            session = self.workspace.desk.session

            def work(progress: Progress) -> None:
                session.make_map(progress)  # read when it is shown: a job keeps its result

            self._job = session.jobs.add("map", self.tr("Make the map"), work)
            self.again.setEnabled(False)
            if self.view.scene is None:
                self._offer()

    def _offer(self, why: str = "") -> None:
        """There is no map: say so, or how far it is."""
        if self._job is not None:
            self.show_blank(self.tr("The map waits for its turn."), self.tr("Cancel"), self._cancel)
            return
        self.show_blank(
            why
            or self.tr(
                "There is no map yet. It lays samples that look alike side by side, from the"
                " features of an audit; a large data set takes minutes, in the background."
            ),
            self.tr("Make the map"),
            self.make,
        )

    def _cancel(self) -> None:
        if self._job is not None:
            self.workspace.desk.session.jobs.cancel(self._job)

    def _follow(self, event: JobEvent) -> None:
        if event.kind != "map":
            return
        self._job = None if event.ended else event.number
        self.again.setEnabled(event.ended)
        has_map = self.view.scene is not None
        if event.state is JobState.DONE:
            self._points = None
            self.refresh()
        elif event.state is JobState.FAILED:
            if has_map:
                self._old.setText(event.message)
            else:
                self._offer(event.message)
        elif event.state is JobState.CANCELLED:
            if not has_map:
                self._offer()
        else:
            self._tell_progress(event, has_map=has_map)

    def _tell_progress(self, event: JobEvent, *, has_map: bool) -> None:
        share = words.percent(event.done / event.total) if event.total else ""
        sentence = self.tr("The map is being made. {stage} {share}").format(
            stage=event.stage, share=share
        )
        if has_map:
            self._old.setText(sentence)
        else:
            self.show_blank(sentence.strip(), self.tr("Cancel"), self._cancel)

    def _say_old(self, *, is_old: bool) -> None:
        self._old.setText(self.tr("The data set changed since the map was made."))
        self._old.setVisible(is_old)
        self.again.setVisible(is_old)

    # linked with the other panels

    def _show_focus(self, sample_id: int | None) -> None:
        scene = self.view.scene
        if scene is None or not self.isVisible():
            return
        place = scene.find(np.array([sample_id], np.int64)) if sample_id is not None else NONE
        self.view.show_focus(int(place[0]) if len(place) else None)

    def _show_selection(self) -> None:
        scene, selection = self.view.scene, self.workspace.selection
        if scene is None or not self.isVisible():
            return

        def question(_session: Session) -> Layer:
            return Layer(scene.points.xy, scene.colouring.kinds, scene.find(selection))

        def show(layer: Layer) -> None:
            self.view.show_selection(layer if len(layer.points.x) else None)
            self._tell_counts(len(layer.points.x))

        self.workspace.desk.ask(question, show, lane="map-selection", owner=self)

    def _hover(self, place: int | None) -> None:
        at = self.view.mapFromGlobal(QCursor.pos())
        self._card.show_sample(self._id_of(place) if place is not None else None, at)

    def _pick(self, place: int) -> None:
        self.workspace.set_focus(self._id_of(place))

    def _take(self, places: Places) -> None:
        """List and select the samples that were drawn around."""
        scene = self.view.scene
        if scene is None or not len(places):
            self.tell(self.tr("There is no sample within that line."))
            return
        ids = scene.points.sample_ids[places]
        self.workspace.set_subset(Subset(self.tr("Lasso"), ids))
        self.workspace.select(ids)

    def _pick_seen(self) -> None:
        self._take(self.view.seen())

    def _clear_subset(self) -> None:
        self.workspace.set_subset(None)
        self.workspace.select(NONE)

    def _start_lasso(self) -> None:
        self.view.set_lasso(self._lasso_action.isChecked())
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _id_of(self, place: int) -> int | None:
        scene = self.view.scene
        return int(scene.points.sample_ids[place]) if scene is not None else None

    # seen or not

    def _enable(self) -> None:
        """The map's commands do nothing while it is not seen."""
        is_seen = self.isVisible()
        for action in self._actions:
            action.setEnabled(is_seen and self.view.scene is not None)
        self._clear_action.setEnabled(self.workspace.subset is not None)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._enable()
        self._show_focus(self.workspace.focus)
        self._show_selection()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._card.show_sample(None, self._card.pos())
        self._enable()
