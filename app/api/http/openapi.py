"""The specification of the API (OpenAPI 3.1), generated from the route tables and the models of requests."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, get_origin, get_type_hints, is_typeddict

from pydantic import BaseModel, TypeAdapter

from app.api.http.multipart import MultipartForm, Raw
from app.api.http.route import JSON, PARAMETER, Route
from app.version import OWN

Schema = dict[str, Any]
REFUSALS = {
    "400": "The request cannot be read, or names a job that is not known",
    "401": "No valid token",
    "403": "Not allowed, or a value would be replaced",
    "404": "There is no such row",
    "409": "It clashes with another request",
    "413": "The body is too large",
    "422": "A field is wrong; the message names it",
    "429": "Too many requests",
    "503": "The queue or the database cannot be reached",
}
# As many digits as the paths of routes take; see ``PATTERNS``
KINDS = {"id": {"type": "integer", "minimum": 1, "maximum": 999_999_999}, "uuid": {"type": "string", "maxLength": 64}}
TEMPLATE = "#/components/schemas/{model}"


def specification(routes: Iterable[tuple[str, Route]], *, server: str) -> Schema:
    """Return the whole specification.

    Args:
        routes: Each endpoint with what stands before its path, such as ``/api/v3_0``.
        server: Address of this server as the client sees it.
    """
    paths: dict[str, Schema] = {}
    schemas: Schema = {"Error": ERROR}
    for prefix, route in routes:
        if route.documented:
            paths.setdefault(prefix + route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Flexscope", "version": OWN, "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": server or "/"}],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        },
    }


ABOUT = (
    "Compatible with the REST API of FlexMeasures 1.1, and more: several sensors at once, columns, annotations, "
    "previews of schedules. Times are ISO 8601 with an offset, durations ISO 8601; names may be spelled with hyphens "
    "or underscores. A POST with an Idempotency-Key header is done once, however often it is sent."
)
BINARY: Schema = {"type": "string", "format": "binary"}
FILES: Mapping[str, Schema] = {"text/csv": {"type": "string"}}
"""Schemas of content types that are neither JSON nor binary."""
ERROR: Schema = {
    "type": "object",
    "properties": {
        "status": {"type": "string"},
        "message": {"anyOf": [{"type": "string"}, {"type": "object"}]},
        "result": {"type": "string"},
    },
    "required": ["message"],
}


def _operation(route: Route, schemas: Schema) -> Schema:
    summary, _, rest = (inspect.getdoc(route.function) or route.path).partition("\n")
    words = [part for part in route.path.split("/") if part and not part.startswith("{")]
    parameters: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": KINDS.get(name, {"type": "string"})}
        for name in PARAMETER.findall(route.path)
    ]
    query = route.model("query")
    if query is not None:
        schema = _schema_of(query, schemas)
        needed = schema.get("required", [])
        parameters += [_parameter(name, field, needed=name in needed) for name, field in schema["properties"].items()]
    found: Schema = {
        "summary": summary,
        # With the module, as ids must be unique and several resources have a ``trigger``
        "operationId": f"{route.function.__module__.rpartition('.')[2]}.{route.function.__name__}",
        "tags": [words[0] if words else "versions"],
        "parameters": parameters,
        "responses": _responses(route, schemas),
    }
    if rest.strip():
        found["description"] = rest.strip()
    if route.public:
        # An empty list lifts what the specification asks of every operation; leaving it out would not
        found["security"] = []
    body = _body(route.model("body"), schemas)
    return found | ({"requestBody": body} if body else {})


def _parameter(name: str, prop: Schema, *, needed: bool) -> Schema:
    """Return one query parameter; a query string has no null, so leaving it out is not part of its schema."""
    kinds = [kind for kind in prop.get("anyOf", []) if kind.get("type") != "null"]
    plain = {key: value for key, value in prop.items() if key not in ("anyOf", "default", "title", "description")}
    schema = {**plain, **kinds[0]} if len(kinds) == 1 else {**plain, **({"anyOf": kinds} if kinds else {})}
    # In a query a list is one text, joined by commas
    if schema.get("type") == "array":
        schema = {"type": "string", "minLength": 1}
    found: Schema = {"name": name, "in": "query", "required": needed, "schema": schema}
    return found | ({"description": prop["description"]} if "description" in prop else {})


def _body(model: Any, schemas: Schema) -> Schema | None:
    if model is None:
        return None
    if model is MultipartForm:
        files = {"type": "array", "items": {"type": "string", "format": "binary"}}
        fields: Schema = {"uploaded-files": files, "unit": {"type": "string"}}
        fields["belief-time-measured-instantly"] = {"type": "string", "enum": ["true", "false", "True", "False"]}
        schema = {"type": "object", "properties": fields, "required": ["uploaded-files"]}
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    if model is Raw:
        listed = {"type": "array", "minItems": 1, "items": {"type": "object"}}
        data = {"type": "object", "properties": {"data": listed}, "required": ["data"]}
        content = {"application/json": {"schema": data}, "text/csv": {"schema": {"type": "string"}}}
        return {"required": True, "content": content}
    _schema_of(model, schemas)
    needed = any(field.is_required() for field in model.model_fields.values())
    reference = {"$ref": TEMPLATE.format(model=_name(model))}
    return {"required": needed, "content": {"application/json": {"schema": reference}}}


def _schema_of(model: type[BaseModel], schemas: Schema) -> Schema:
    """Return the schema of a model; it and those it uses are entered under their names."""
    schema = model.model_json_schema(ref_template=TEMPLATE)
    schemas.update(schema.pop("$defs", {}))
    if issubclass(model, BaseModel) and model.model_config.get("extra") == "forbid":
        schemas[_name(model)] = schema
    return schema


def _name(model: type[BaseModel]) -> str:
    """Return the name of a model among the schemas: several resources have a Trigger."""
    return f"{model.__module__.rpartition('.')[2].capitalize()}{model.__name__}"


def _responses(route: Route, schemas: Schema) -> Schema:
    found: Schema = {str(route.status): _success(route, schemas)}
    if route.method == "POST" and route.status == 201:
        found["200"] = _success(route, schemas) | {"description": "It already exists"}
    if route.holds or route.path.endswith("trigger"):
        found["202"] = {"description": "Accepted, or still pending", **_json({"type": "object"})}
    if route.holds == "job":
        found["422"] = {
            "description": "The job failed, and why, or a field is wrong",
            **_json({"type": "object"}),
        }
    error = _json({"$ref": TEMPLATE.format(model="Error")})
    refusals = {code: {"description": told, **error} for code, told in REFUSALS.items() if code not in found}
    return dict(sorted((refusals | found).items()))


def _success(route: Route, schemas: Schema) -> Schema:
    if route.status == 204:
        return {"description": "Done"}
    answer = inspect.signature(route.function, eval_str=True).return_annotation
    schema: Schema = {}
    if is_typeddict(answer):
        fields = {name: TypeAdapter(kind).json_schema() for name, kind in get_type_hints(answer).items()}
        schema = {
            "type": "object",
            "properties": fields,
            "required": [name for name in fields if name in answer.__required_keys__],
        }
    elif isinstance(answer, type) and issubclass(answer, BaseModel):
        _schema_of(answer, schemas)
        schema = {"$ref": TEMPLATE.format(model=_name(answer))}
    elif get_origin(answer) in (list, dict):
        schema = {"type": "array" if get_origin(answer) is list else "object"}
    content = {media: {"schema": schema if media == JSON else FILES.get(media, BINARY)} for media in route.media}
    return {"description": "Done", "content": content}


def _json(schema: Schema) -> Schema:
    return {"content": {JSON: {"schema": schema}}}


def listing(routes: Iterable[tuple[str, Route]], *, server: str) -> list[Schema]:
    """Return every service with its address, as ``GET /api/v3_0`` lists them."""
    return [
        {
            "name": f"{route.method} {route.path}",
            "access": [] if route.public else ["any signed-in user"],
            "url": f"{server}{prefix}{route.path}",
            "description": (inspect.getdoc(route.function) or "").partition("\n")[0],
        }
        for prefix, route in routes
        if route.documented
    ]
