"""Access keys of a user: list them, create one, whose text is shown once, and revoke one."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.usecases.credentials import NewKey, create_key, revoke_key
from app.widgets.async_content import attempt, confirm, reading, soon, waiting, writing
from app.widgets.confirm import Question
from app.widgets.forms import Form
from components.tables.action_table import Action, ActionRow, ActionTable
from db.accounts import credentials
from db.accounts.credentials import AccessKey
from db.accounts.users import User
from db.core.database import get

SCOPES = {"read": "read", "send data": "data", "request schedules": "schedule"}
ONCE = "Copy this now. It will not be shown again."
COLUMNS = ["Key", "Allows", "Created", "Valid until"]
REVOKE = Action("revoke", "Revoke")
QUESTION = "Revoke the key {name}? Machines that use it can no longer connect."
COPY = "navigator.clipboard.writeText(text.value)"


class SecretText(pn.viewable.Viewer):
    """A secret, shown until the page is left, with a button that copies it."""

    def __init__(self, label: str, secret: str) -> None:
        super().__init__()
        self._text = pmui.TextInput(label=label, value=secret, helper_text=ONCE, sizing_mode="stretch_width", margin=8)
        self._copy = pmui.Button(label="Copy", icon="content_copy", variant="outlined", margin=8)
        self._copy.jscallback({"text": self._text}, clicks=COPY)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._text, self._copy, sizing_mode="stretch_width", max_width=900)


class AccessKeys(pn.viewable.Viewer):
    """Shows the keys of a user that are not revoked."""

    def __init__(self, user_id: int, *, may_create: bool) -> None:
        super().__init__()
        self._user_id, self._may_create = user_id, may_create
        self._names: dict[str, str] = {}
        self._table = ActionTable(columns=COLUMNS, on_action=self.ask, empty="No access keys yet.")
        self._place = pn.Column(waiting(), sizing_mode="stretch_width")
        self._question, self._notice = Question(), pn.Column(sizing_mode="stretch_width")
        soon(self._read)

    def __panel__(self) -> pn.viewable.Viewable:
        parts: list[Any] = [self._place, self._question, self._notice]
        if self._may_create:
            parts.append(pmui.Accordion(("Create a key", self._new_key_form()), title_variant="body1", margin=8))
        return pn.Column(*parts, sizing_mode="stretch_width")

    async def _read(self) -> None:
        def read_keys(session: Session, principal: SignedIn) -> list[AccessKey]:
            user = get(session, User, self._user_id)
            access.check(principal, "read" if "admin-reader" in principal.roles else "update", user)
            return list(credentials.keys_of_user(session, self._user_id))

        def show(keys: list[AccessKey]) -> None:
            self._names = {str(key.id): key.name for key in keys}
            self._table.rows = [
                ActionRow(
                    key=str(key.id),
                    cells=[
                        key.name,
                        ", ".join(key.scopes),
                        f"{key.created_at:%Y-%m-%d}",
                        f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "revoked",
                    ],
                    actions=[REVOKE],
                )
                for key in keys
            ]
            self._place[:] = [self._table]

        await attempt(reading(read_keys), self._place, show)

    def ask(self, key: str, _action: str) -> None:
        """Ask before a key is revoked."""

        async def revoke() -> None:
            await attempt(
                writing(lambda session, actor: revoke_key(session, actor, int(key))),
                self._notice,
                lambda _: confirm(self._notice, "The key is revoked."),
            )
            await self._read()

        name = self._names.get(key, key)
        self._question.ask(QUESTION.format(name=name), "Revoke it", partial(pn.state.execute, revoke))

    def _new_key_form(self) -> Form:
        async def send(values: Mapping[str, Any]) -> Any:
            return await writing(
                lambda session, actor: create_key(session, actor, self._user_id, actor.read(NewKey, values))
            )

        def show(created: tuple[AccessKey, str]) -> None:
            key, secret = created
            self._notice[:] = [SecretText(f"Key {key.name}", secret)]
            pn.state.execute(self._read)

        fields = [
            Field(name="name", label="Purpose", optional=False),
            Field(name="scopes", label="Allows", kind="choices", options=SCOPES, value=["read"]),
            Field(
                name="expires_at",
                label="Valid until",
                help="For example 2027-01-01T00:00:00+01:00. Leave empty to keep it valid until revoked.",
            ),
        ]
        return Form(fields, send=send, done=show, button="Create key", whole=True)
