"""Secrets of assets, such as the password of an inverter: set, list by name, delete; never told."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select

from app.api.fields import Body
from app.api.route import Call, delete, get, post
from app.api.v3 import audit
from app.auth import access, sealing
from db import base, kept_secrets
from db.assets import Asset
from db.kept_secrets import KeptSecret


def list_secrets(call: Call, id: int) -> list[dict[str, Any]]:
    """List the names of the secrets of an asset."""
    asset = base.get(call.work, Asset, id)
    access.check(call.who, "update", asset)
    return [_shown(row) for row in kept_secrets.of(call.work, asset_id=id)]


class NewSecret(Body):
    """A secret to keep."""

    name: Annotated[str, Field(max_length=255, pattern=r"^[\w-]+(\.[\w-]+)*$", examples=["inverter.password"])]
    value: Annotated[str, Field(min_length=1, max_length=10_000)]


def set_secret(call: Call, id: int, body: NewSecret) -> dict[str, Any]:
    """Keep a secret of an asset, in place of one with the same name; it is stored encrypted."""
    asset = base.get(call.work, Asset, id)
    access.check(call.who, "update", asset)
    row = call.work.scalar(select(KeptSecret).filter_by(asset_id=id, name=body.name))
    if row is None:
        row = KeptSecret(asset_id=id, name=body.name)
        call.work.add(row)
    row.sealed, row.changed_at = sealing.seal(body.value, call.running.settings, secret=call.running.secret), call.now
    call.work.flush()
    audit.note(call, f"Set secret {body.name!r} of asset {asset.name!r}", asset)
    return _shown(row)


def delete_secret(call: Call, id: int) -> None:
    """Delete a secret."""
    row = base.get(call.work, KeptSecret, id)
    asset = base.get(call.work, Asset, row.asset_id or 0)
    access.check(call.who, "update", asset)
    audit.note(call, f"Deleted secret {row.name!r} of asset {asset.name!r}", asset)
    call.work.delete(row)


def _shown(row: KeptSecret) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "changed_at": row.changed_at.isoformat()}


ROUTES = [
    get("/assets/{id}/secrets", list_secrets),
    post("/assets/{id}/secrets", set_secret, status=201),
    delete("/secrets/{id}", delete_secret),
]
