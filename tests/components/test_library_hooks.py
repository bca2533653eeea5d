"""Where components reach into Panel, against Panel as it is installed: a release that changes it fails here first."""

from io import StringIO
from pathlib import Path

import panel as pn
import panel_material_ui as pmui
from bokeh.document import Document
from bokeh.resources import INLINE
from panel.io.save import save
from panel.models.esm import DataEvent

from components import component
from components.tables.action_table import Action, ActionRow, ActionTable


def test_a_file_holds_what_panel_would_load_from_elsewhere(tmp_path: Path) -> None:
    shown, text = pn.widgets.Player(), StringIO()
    save(shown, text, resources=INLINE)
    assert component.ELSEWHERE.search(text.getvalue()), "Panel does so no more: the hook can go"
    component.write(shown, tmp_path / "player.html", "Player")
    assert not component.ELSEWHERE.search((tmp_path / "player.html").read_text("utf-8"))


def test_a_player_keeps_its_state_where_the_replay_moves_it() -> None:
    plain, dressed = (kind(start=0, end=1).get_root(Document()) for kind in (pn.widgets.Player, pmui.Player))
    assert not hasattr(plain, "data")
    assert {"direction", "value", "end", "interval", "disabled"} <= plain.properties()
    assert {"direction", "value", "end", "interval", "disabled"} <= dressed.data.properties()


def test_a_press_in_the_browser_reaches_the_table() -> None:
    pressed: list[tuple[str, str]] = []
    row = ActionRow("1", ["House"], "House", [Action("go", "Go")])
    table = ActionTable(columns=["Name"], rows=[row], on_action=lambda *press: pressed.append(press))
    drawn = table.__panel__()
    drawn._process_event(DataEvent(drawn.get_root(Document()), {"key": "1", "word": "go"}))
    assert pressed == [("1", "go")]
