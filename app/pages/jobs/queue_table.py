"""The queues as a table; admins can clear one."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import panel as pn

from app.pages.jobs.job_table import span
from app.usecases.jobs.jobs import clear_queues
from app.web.context import current
from app.widgets.async_content import in_turn, later, note, refuse, writing
from app.widgets.confirm import Question
from app.widgets.layout import Shell, address
from components.tables.action_table import Action, ActionRow, ActionTable
from components.tables.fact_table import Cell, Light, Link
from db.jobs.queue_state import QueueState

COLUMNS = ["Queue", "Waiting", "Running", "Later", "Finished, 24 h", "Failed, 24 h", "Waited", "Took", "p95"]
CLEAR = Action("clear", "Clear")
QUESTION = "Cancel all {count} jobs that wait in the queue {queue}? What is running goes on; each can be requeued."


class QueueTable(pn.viewable.Viewer):
    """Shows how many jobs each queue has, and how long its newest took."""

    def __init__(self, page: Shell, *, may_clear: bool, changed: Callable[[], Any]) -> None:
        """Show nothing yet.

        Args:
            page: Where it stands.
            may_clear: Whether queues can be cleared.
            changed: Called when one was.
        """
        super().__init__()
        self._may_clear, self._changed = may_clear, changed
        self._found: dict[str, QueueState] = {}
        self._table = ActionTable(columns=COLUMNS, on_action=self._ask)
        self._question, self._told = Question(), pn.Column(sizing_mode="stretch_width")
        page.follow(self._table)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._table, self._question, self._told, sizing_mode="stretch_width")

    def put(self, found: Sequence[QueueState]) -> None:
        """Show these queues."""
        self._found = {each.queue: each for each in found}
        self._table.rows = [self._row(each) for each in found]

    def _row(self, found: QueueState) -> ActionRow:
        failed: Cell = "0"
        if found.failed:
            failed = Light("bad", str(found.failed))
        newest = found.newest
        lengths = [_length(seconds) for seconds in (newest.waited, newest.took, newest.took_long)]
        name = Link(found.queue, address(f"/tasks?queue={found.queue}"))
        counts = [str(found.waiting), str(found.running), str(found.later), str(found.finished)]
        may = self._may_clear and found.waiting > 0
        return ActionRow(found.queue, [name, *counts, failed, *lengths], found.queue, [CLEAR] * may)

    def _ask(self, queue: str, _word: str) -> None:
        text = QUESTION.format(count=self._found[queue].waiting, queue=queue)
        self._question.ask(text, f"Yes, clear {queue}", lambda: self._start(queue))

    def _start(self, queue: str) -> None:
        asyncio.get_running_loop().create_task(self._clear(queue))

    async def _clear(self, queue: str) -> None:
        try:
            count = await writing(lambda session, actor: clear_queues(session, actor, [queue]))
            await in_turn(partial(current().queue.clear, queue))
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._told, problem))
        else:
            later(lambda: self._told.param.update(objects=[note(f"{count} jobs of {queue} are cancelled.", "success")]))
        later(self._changed)


def _length(seconds: float) -> str:
    return "-" if np.isnan(seconds) else span(timedelta(seconds=seconds))
