"""The queues as a table; admins can clear one."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import panel as pn

from app.pages.jobs.job_table import length_text
from app.usecases.jobs.jobs import clear_queues
from app.web.context import current
from app.widgets.async_content import attempt, confirm, in_turn, later, writing
from app.widgets.confirm import Question
from app.widgets.layout import Shell, address
from components.tables.action_table import Action, ActionRow, ActionTable
from components.tables.fact_table import Cell, Light, Link
from db.jobs.job_search import QueueState

COLUMNS = ["Queue", "Waiting", "Running", "Later", "Finished, 24 h", "Failed, 24 h", "Waited", "Took", "Took (p95)"]
CLEAR = Action("clear", "Clear")
QUESTION = "Cancel all {count} jobs that wait in the queue {queue}? Running jobs go on; cancelled jobs can be requeued."


class QueueTable(pn.viewable.Viewer):
    """Shows how many jobs each queue has, and how long the newest of them waited and took."""

    def __init__(self, page: Shell, *, may_clear: bool, changed: Callable[[], Any]) -> None:
        """Show nothing yet.

        Args:
            page: The page it is on.
            may_clear: Whether the user may clear queues.
            changed: Called when a queue was cleared.
        """
        super().__init__()
        self._may_clear, self._changed = may_clear, changed
        self._states: dict[str, QueueState] = {}
        self._table = ActionTable(columns=COLUMNS, on_action=self._ask)
        self._question, self._notice = Question(), pn.Column(sizing_mode="stretch_width")
        page.follow(self._table)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._table, self._question, self._notice, sizing_mode="stretch_width")

    def put(self, states: Sequence[QueueState]) -> None:
        """Show these queues."""
        self._states = {state.queue: state for state in states}
        rows = []
        for state in states:
            newest = state.newest
            lengths = [
                "-" if np.isnan(seconds) else length_text(timedelta(seconds=seconds))
                for seconds in (newest.waited, newest.took, newest.took_long)
            ]
            failed: Cell = Light("bad", str(state.failed)) if state.failed else "0"
            name = Link(state.queue, address(f"/tasks?queue={state.queue}"))
            counts = [str(state.waiting), str(state.running), str(state.later), str(state.finished)]
            actions = [CLEAR] * (self._may_clear and state.waiting > 0)
            rows.append(ActionRow(state.queue, [name, *counts, failed, *lengths], state.queue, actions))
        self._table.rows = rows

    def _ask(self, queue: str, _word: str) -> None:
        async def clear() -> int:
            count = await writing(lambda session, actor: clear_queues(session, actor, [queue]))
            # Once their rows say so: a worker that takes one meanwhile finds it cancelled
            await in_turn(partial(current().queue.clear, queue))
            return count

        async def act() -> None:
            await attempt(
                clear(),
                self._notice,
                lambda count: confirm(self._notice, f"{count} job{'s' * (count != 1)} of {queue} cancelled."),
            )
            later(self._changed)

        text = QUESTION.format(count=self._states[queue].waiting, queue=queue)
        create_task = asyncio.get_running_loop().create_task
        self._question.ask(text, f"Yes, clear {queue}", lambda: create_task(act()))
