"""Access keys of a user: list them, make one, whose text is shown once, and revoke one."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.usecases.credentials import NewKey, create_key, revoke_key
from app.widgets.async_content import later, note, reading, refuse, soon, waiting, writing
from app.widgets.confirm import Question
from app.widgets.forms import Field, Form
from components.tables.action_table import Action, ActionRow, ActionTable
from db.accounts import access_keys
from db.accounts.access_keys import AccessKey
from db.accounts.users import User
from db.core.database import get

SCOPES = {"read": "read", "send data": "data", "ask for schedules": "schedule"}
ONCE = "Copy this key now. It will not be shown again."
COLUMNS = ["Key", "Allows", "Made", "Valid until"]
REVOKE = Action("revoke", "Revoke")
QUESTION = "Revoke the key {name}? Whatever uses it is refused from now on."
COPY = "navigator.clipboard.writeText(text.value)"


class Once(pn.viewable.Viewer):
    """A secret, shown until the page is left, with a button that copies it."""

    def __init__(self, label: str, secret: str) -> None:
        super().__init__()
        self._text = pmui.TextInput(label=label, value=secret, helper_text=ONCE, sizing_mode="stretch_width", margin=8)
        self._copy = pmui.Button(label="Copy", icon="content_copy", variant="outlined", margin=8)
        self._copy.jscallback({"text": self._text}, clicks=COPY)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._text, self._copy, sizing_mode="stretch_width", max_width=900)


class Keys(pn.viewable.Viewer):
    """Shows the keys of a user that are not revoked."""

    def __init__(self, user_id: int, *, may_make: bool) -> None:
        super().__init__()
        self._user_id, self._may_make = user_id, may_make
        self._known: dict[str, str] = {}
        self._table = ActionTable(columns=COLUMNS, on_action=self._ask, empty="No access keys yet.")
        self._place = pn.Column(waiting(), sizing_mode="stretch_width")
        self._question, self._told = Question(), pn.Column(sizing_mode="stretch_width")
        soon(self._read)

    def __panel__(self) -> pn.viewable.Viewable:
        parts: list[Any] = [self._place, self._question, self._told]
        if self._may_make:
            parts.append(pmui.Accordion(("Make a key", self._new()), title_variant="body1", margin=8))
        return pn.Column(*parts, sizing_mode="stretch_width")

    async def _read(self) -> None:
        try:
            found = await reading(partial(_keys, self._user_id))
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._place, problem))
        else:
            later(lambda: self._show(found))

    def _show(self, found: list[AccessKey]) -> None:
        self._known = {str(each.id): each.name for each in found}
        self._table.rows = [
            ActionRow(
                key=str(each.id),
                cells=[
                    each.name,
                    ", ".join(each.scopes),
                    f"{each.created_at:%Y-%m-%d}",
                    f"{each.expires_at:%Y-%m-%d}" if each.expires_at else "it is revoked",
                ],
                actions=[REVOKE],
            )
            for each in found
        ]
        self._place[:] = [self._table]

    def _ask(self, key: str, _action: str) -> None:
        again = partial(pn.state.execute, partial(self._revoke, key))
        self._question.ask(QUESTION.format(name=self._known.get(key, key)), "Revoke it", again)

    async def _revoke(self, key: str) -> None:
        try:
            await writing(lambda session, actor: revoke_key(session, actor, int(key)))
        except Exception as error:  # as above
            problem = error
            later(lambda: refuse(self._told, problem))
        else:
            later(lambda: self._told.param.update(objects=[note("The key is revoked.", "success")]))
            await self._read()

    def _new(self) -> Form:
        async def send(given: Mapping[str, Any]) -> Any:
            return await writing(
                lambda session, actor: create_key(session, actor, self._user_id, actor.read(NewKey, given))
            )

        fields = [
            Field(name="name", label="Purpose", optional=False),
            Field(name="scopes", label="Allows", kind="choices", options=SCOPES, value=["read"]),
            Field(
                name="expires_at",
                label="Valid until",
                help="For example 2027-01-01T00:00:00+01:00. Leave empty to keep it valid until revoked.",
            ),
        ]
        return Form(fields, send=send, done=self._made, button="Make key", whole=True)

    def _made(self, made: tuple[AccessKey, str]) -> None:
        self._told[:] = [Once(f"Key {made[0].name}", made[1])]
        pn.state.execute(self._read)


def _keys(user_id: int, session: Session, who: SignedIn) -> list[AccessKey]:
    user = get(session, User, user_id)
    access.check(who, "read" if "admin-reader" in who.roles else "update", user)
    return list(access_keys.of_user(session, user_id))
