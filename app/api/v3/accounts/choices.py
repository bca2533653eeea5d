"""How you like to see your pages: kept with your user, so that it holds in every browser."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.http.route import Call, post
from app.usecases.fields import HYPHENS, Body
from app.usecases.inputs import Invalid
from app.usecases.users import choose_preferences
from db.accounts.users import LEGENDS_BELOW, OPENED_TAB

TABS = {
    "Audit Log": "audit",
    "Context": "context",
    "Graphs": "graphs",
    "Plan": "plan",
    "Properties": "properties",
    "Replay": "replay",
    "Status": "status",
}
"""What clients call the tabs of an asset → the word in its address."""


class AssetView(Body):
    """Which tab an asset opens with."""

    model_config = HYPHENS

    default_asset_view: Literal["Audit Log", "Context", "Graphs", "Plan", "Properties", "Replay", "Status"] | None = (
        None
    )
    use_as_default: Annotated[bool, Field(description="Without it the choice is forgotten")] = True


def asset_view(call: Call, body: AssetView) -> dict[str, Any]:
    """Choose the tab that assets open with."""
    if body.use_as_default and body.default_asset_view is None:
        raise Invalid("json", {"default-asset-view": [f"choose one of {', '.join(TABS)}."]})
    tab = TABS[body.default_asset_view or "Graphs"] if body.use_as_default else None
    choose_preferences(call.session, call.actor, {OPENED_TAB: tab})
    return {"message": "Assets open with the tab you chose." if body.use_as_default else "Your choice is forgotten."}


class Legends(Body):
    """Where charts have their legends."""

    model_config = HYPHENS

    keep_legends_below_graphs: Annotated[bool, Field(description="Else they stand beside them")] = True


def legends(call: Call, body: Legends) -> dict[str, Any]:
    """Choose whether charts have their legends below."""
    choose_preferences(call.session, call.actor, {LEGENDS_BELOW: body.keep_legends_below_graphs})
    where = "below" if body.keep_legends_below_graphs else "beside"
    return {"message": f"Charts have their legends {where}, where nothing else is asked for."}


ROUTES = [
    post("/assets/default_asset_view", asset_view),
    post("/assets/keep_legends_below_graphs", legends),
]
