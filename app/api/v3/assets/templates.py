"""Assets from templates: list the templates, and add an asset from one."""

from app.api.http.errors import ApiError
from app.api.http.route import Call, get, post
from app.api.v3 import shown
from app.api.v3.shown import Shown
from app.usecases import templates
from app.usecases.templates import TEMPLATES, FromTemplate, UnknownTemplate


def list_templates(call: Call) -> list[Shown]:
    """List the templates of assets."""
    return [
        {"name": name, "description": each.meaning, "asset_type": each.kind, "sensors": list(each.sensors)}
        for name, each in TEMPLATES.items()
    ]


def add_from_template(call: Call, template: str, body: FromTemplate) -> Shown:
    """Add an asset with the sensors, flexibility and charts of a template; all of it or nothing."""
    try:
        asset = templates.create_asset_from_template(call.session, call.actor, template, body)
    except UnknownTemplate as error:
        raise ApiError(404, "NOT_FOUND", str(error)) from None
    return shown.assets(call.session, [asset])[0]


ROUTES = [
    get("/assets/templates", list_templates),
    post("/assets/templates/{template}", add_from_template, status=201),
]
