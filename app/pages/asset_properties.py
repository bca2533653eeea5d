"""Tab Properties of an asset: name, place, what it shows, attributes and flexibility, to read and to change."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth import access, mentions
from app.auth.identity import SignedIn
from app.pages.filling import later, note, refuse, writing
from app.pages.shell import Shell
from app.pages.tabs import Part
from app.running import current
from db import audit
from db.assets import Asset
from db.base import get
from engine.errors import FieldError
from engine.flex.context import FlexContext
from engine.flex.fields import each_read
from engine.flex.storage import StorageModel

TEXTS = {"name": "Name", "description": "Description"}
PLACES = {"latitude": ("Latitude [° north]", 90.0), "longitude": ("Longitude [° east]", 180.0)}
DOCUMENTS = {
    "sensors_to_show": ("Charts (sensors_to_show)", list),
    "flex_model": ("Flex-model", dict),
    "flex_context": ("Flex-context", dict),
    "attributes": ("Attributes", dict),
}
READ_ONLY = "You may look at these, but not change them; ask an admin of the account."
SAVED = "Saved."


@dataclass(frozen=True)
class Found:
    """What the tab shows."""

    asset: Asset
    may_change: bool


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    return Part("properties", "Properties", partial(_read, asset_id), partial(_show, page))


def _read(asset_id: int, work: Session, who: SignedIn) -> Found:
    asset = get(work, Asset, asset_id)
    access.check(who, "read", asset)
    return Found(asset, access.may(who, "update", asset))


def _show(page: Shell, found: Found) -> Sequence[Any]:
    return [Form(page, found.asset).shown(found.may_change)]


class Form:
    """The fields of one asset."""

    def __init__(self, page: Shell, asset: Asset) -> None:
        self._page, self._id = page, asset.id
        wide = {"sizing_mode": "stretch_width", "margin": 8}
        self._fields: dict[str, Any] = {
            name: pmui.TextInput(label=label, value=str(getattr(asset, name) or ""), **wide)
            for name, label in TEXTS.items()
        }
        for name, (label, _) in PLACES.items():
            value = getattr(asset, name)
            self._fields[name] = pmui.TextInput(label=label, value="" if value is None else f"{value:g}", **wide)
        for name, (label, _) in DOCUMENTS.items():
            text = json.dumps(getattr(asset, name), indent=2, ensure_ascii=False)
            style = {"fontFamily": "monospace"}
            self._fields[name] = pmui.TextAreaInput(
                label=label, value=text, auto_grow=True, max_rows=24, sx=style, **wide
            )
        self._told = pn.Column(sizing_mode="stretch_width")

    def shown(self, may_change: bool) -> pn.viewable.Viewable:
        """Return the form; without permission to change, its fields cannot be edited."""
        for field in self._fields.values():
            field.disabled = not may_change
        save = pmui.Button(label="Save", icon="save", on_click=self._save, margin=8)
        foot = [save, self._told] if may_change else [note(READ_ONLY)]
        return pn.Column(*self._fields.values(), *foot, sizing_mode="stretch_width", max_width=900)

    async def _save(self, _event: object) -> None:
        texts = {name: field.value for name, field in self._fields.items()}
        try:
            given = parsed(texts)
            await writing(partial(change, self._id, given))
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._told, problem))
        else:
            later(lambda: self._saved(str(given["name"])))

    def _saved(self, name: str) -> None:
        self._told[:] = [note(SAVED, "success")]
        self._page.rename(name)


def parsed(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the values that a person wrote into the fields.

    Raises:
        FieldError: A field cannot be read; the field and what it must be are told.
    """
    given: dict[str, Any] = {name: texts[name].strip() for name in TEXTS}
    if not given["name"]:
        raise FieldError("Name", "an asset needs one.")
    given |= {name: _place(texts[name], label, most) for name, (label, most) in PLACES.items()}
    given |= {name: _document(texts[name], label, kind) for name, (label, kind) in DOCUMENTS.items()}
    each_read(StorageModel, given["flex_model"])
    each_read(FlexContext, given["flex_context"])
    return given


def _place(text: str, label: str, most: float) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= most:
        raise FieldError(label, f"{text!r} is not a number between {-most:g} and {most:g}; leave it empty if unknown.")
    return value


def _document(text: str, label: str, kind: type) -> Any:
    wanted = "an object in braces" if kind is dict else "a list in brackets"
    try:
        value = json.loads(text.strip() or repr(kind()))
    except json.JSONDecodeError as error:
        raise FieldError(label, f"line {error.lineno}, column {error.colno}: {error.msg}; write it as JSON.") from None
    if not isinstance(value, kind):
        raise FieldError(label, f"write {wanted}, as JSON.")
    return value


def change(asset_id: int, given: Mapping[str, Any], work: Session, who: SignedIn) -> None:
    """Set the fields of an asset, and note who did it.

    Raises:
        NotAllowed: The user may not change it, or not use a sensor that it names.
        FieldError: Another asset beside it has the same name.
    """
    asset = get(work, Asset, asset_id)
    access.check(who, "update", asset)
    for field in ("flex_model", "flex_context"):
        mentions.check(work, who, given[field], field=field.replace("_", "-"))
    playing = current().settings.is_playing
    mentions.check_shown(work, who, given["sensors_to_show"], field="sensors_to_show", playing=playing)
    twin = select(Asset.id).where(
        Asset.name == given["name"], Asset.id != asset.id, Asset.account_id.is_not_distinct_from(asset.account_id)
    )
    if work.scalar(twin.where(Asset.parent_asset_id.is_not_distinct_from(asset.parent_asset_id))) is not None:
        raise FieldError("Name", f"another asset here is called {given['name']!r} already; choose another one.")
    changed = [name for name, value in given.items() if getattr(asset, name) != value]
    for name in changed:
        setattr(asset, name, given[name])
    if changed:
        told = f"changed {', '.join(changed)} of asset {asset.name!r}: {asset.id}"
        audit.note(
            work, told, at=datetime.now(UTC), by=(who.id, who.username), account_id=asset.account_id, asset_id=asset.id
        )
