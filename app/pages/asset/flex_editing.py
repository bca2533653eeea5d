"""Editors of the flex-model and the flex-context of an asset: what they show, how they are checked and saved."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.assemble.site import flex_config
from app.assemble.site.flex_config import Effective, named
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.fragments.fields import problems
from app.fragments.flex.choices import Choices, list_choices
from app.fragments.flex.editor import Editor, Inherited
from app.fragments.flex.views import editor_html
from app.fragments.page import Done, PageForm
from app.fragments.threads import reading, writing
from app.fragments.visit import Visit, address
from app.usecases.assets.assets import AssetChange, update_asset
from app.usecases.inputs import Invalid
from db import sensors
from db.assets import Asset
from db.core.database import get
from engine.errors import EngineError
from engine.flex.context import FlexContext
from engine.flex.fields import FlexFields

Column = Literal["flex_model", "flex_context"]
BUTTONS: Final[Mapping[str, str]] = {"flex_model": "Save flex-model", "flex_context": "Save flex-context"}
OWN: Final = "attributes of this asset"
INNER: Final = re.compile(r"^(?:flex_model\.|flex_context\.)?([a-z0-9_]+).*")
"""Finds the field in the path that a refusal names."""


def asset_editor(asset: Asset, column: Column, choices: Choices) -> Editor:
    """Editor of what an asset says of its flexibility, as it is stored."""
    principal = choices.principal
    kind: type[FlexFields] = FlexContext
    if column == "flex_model":
        kind = flex_config.model_kind(asset.asset_type.name, asset.flex_model)
    editor = Editor(
        word=column,
        kind=kind,
        zone=sensors.time_zone(choices.session, asset.id),
        choices=choices,
        inherited=inherited_fields(choices, asset, column),
        locked=not access.may(principal, "update", asset),
    )
    return editor.showing(getattr(asset, column))


def inherited_fields(choices: Choices, asset: Asset, column: Column) -> dict[str, Inherited]:
    """What holds where an asset sets nothing itself: fields of assets above it, and attributes of older releases."""
    own, above = named(getattr(asset, column)), Effective()
    if column == "flex_context":
        everything = flex_config.context(asset, {})
        above = flex_config.context(asset.parent, {}) if asset.parent is not None else above
    elif asset.flex_model:
        everything = flex_config.models(References(choices.session, choices.principal), [asset], [])[0].effective
    else:
        return {}
    found = {
        name: Inherited(value=value, origin=OWN, href="")
        for name, value in everything.fields.items()
        if name not in own and name not in above.fields
    }
    for name, value in above.fields.items():
        holder = re.match(r"asset (\d+) \((.*)\)$", above.origins[name], re.DOTALL)
        row = None if holder is None else choices.session.get(Asset, int(holder[1]))
        if row is not None and access.may(choices.principal, "read", row):
            found[name] = Inherited(value=value, origin=row.name, href=address(f"/assets/{row.id}?tab=context"))
        else:
            found[name] = Inherited(value=value, origin="an asset above this one", href="")
    return found


def read_part(column: Column) -> Callable[[Visit, Session, SignedIn], Markup]:
    """Part of a page: the editor as a browser sent it, checked, with what was asked for done."""

    def read(visit: Visit, session: Session, principal: SignedIn) -> Markup:
        asset = get(session, Asset, visit.key)
        access.check(principal, "update", asset)
        editor = asset_editor(asset, column, list_choices(session, principal, asset))
        return editor_html(editor.posted(visit.sent), button=BUTTONS[column])

    return read


def saving_form(column: Column) -> PageForm:
    """Form that saves an editor; what is wrong is told at its field."""

    async def send(visit: Visit, values: dict[str, Any]) -> Done:
        def read_sent(session: Session, principal: SignedIn) -> Editor:
            asset = get(session, Asset, visit.key)
            access.check(principal, "update", asset)
            return asset_editor(asset, column, Choices(session, principal, [], [])).posted(values)

        editor = await reading(read_sent, visit.principal)
        fields, wrong = editor.checked()
        if wrong:
            raise Invalid("form", {name: [problem] for name, problem in wrong.items()})
        change: dict[str, Any] = {column: fields}
        try:
            await writing(
                lambda session, actor: update_asset(session, actor, visit.key, actor.read(AssetChange, change)),
                visit.principal,
            )
        except EngineError as error:
            raise at_fields(error, editor) from error
        return Done(text="Saved.")

    return PageForm(send=send, button=BUTTONS[column])


def at_fields(error: EngineError, editor: Editor) -> EngineError:
    """The same refusal, at the fields of an editor where it names some of them."""
    by_field = {INNER.sub(r"\1", name): problem for name, problem in problems(error).items()}
    shown = {name for name in editor.controls if name.replace("-", "_") in by_field}
    return Invalid("form", {name: [by_field[name.replace("-", "_")]] for name in shown}) if shown else error
