"""Access keys of a user: list them, create one, whose text is shown once, and revoke one."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from app.fragments.fields import Field
from app.fragments.html_forms import form_html
from app.fragments.page import Done, PageForm
from app.fragments.tables import ButtonRow, RowButton, button_rows
from app.fragments.threads import writing
from app.fragments.visit import Visit
from app.usecases.credentials import NewKey, create_key, revoke_key
from db.accounts.credentials import AccessKey

SCOPES = {"read": "read", "send data": "data", "request schedules": "schedule"}
COLUMNS = ["Key", "Allows", "Created", "Valid until"]
QUESTION = "Revoke the key {name}? Machines that use it can no longer connect."
CREATE, REVOKE = "create-key", "revoke-key"
FIELDS = [
    Field(name="name", label="Purpose", optional=False),
    Field(name="scopes", label="Allows", kind="choices", options=SCOPES, value=["read"]),
    Field(
        name="expires_at",
        label="Valid until",
        help="For example 2027-01-01T00:00:00+01:00. Leave empty to keep it valid until revoked.",
    ),
]


def key_section(keys: Sequence[AccessKey], forms: dict[str, PageForm]) -> Markup:
    """Table of the keys that are not revoked, and the form of a new one."""
    names = {scope: text for text, scope in SCOPES.items()}
    rows = [
        ButtonRow(
            key=str(key.id),
            name=key.name,
            cells=[
                key.name,
                ", ".join(names.get(scope, scope) for scope in key.scopes),
                f"{key.created_at:%Y-%m-%d}",
                f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "until revoked",
            ],
            buttons=[
                RowButton(word=REVOKE, label="Revoke", question=QUESTION.format(name=key.name), agree="Revoke this key")
            ],
        )
        for key in keys
    ]
    table = button_rows(COLUMNS, rows, empty="No access keys yet.")
    return table + (form_html(CREATE, forms[CREATE], opener="Create a key") if CREATE in forms else Markup(""))


def key_forms(user_id: int, *, may_create: bool) -> dict[str, PageForm]:
    """What can be done with the keys of a user."""

    async def create(visit: Visit, values: dict[str, Any]) -> Done:
        key, text = await writing(
            lambda session, actor: create_key(session, actor, user_id, actor.read(NewKey, values)), visit.principal
        )
        return Done(text="The key is created.", secret=(f"Key {key.name}", text))

    async def revoke(visit: Visit, values: dict[str, Any]) -> Done:
        await writing(lambda session, actor: revoke_key(session, actor, int(values["key"])), visit.principal)
        return Done(text="The key is revoked.")

    forms = {REVOKE: PageForm(send=revoke)}
    return forms | (
        {CREATE: PageForm(send=create, fields=FIELDS, button="Create key", whole=True)} if may_create else {}
    )
