"""Runs cases against a server and returns its answers in canonical form."""

import json
import shlex
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from tests.twin.case import Case, Request, Scene, filled
from tests.twin.server import Json, Server
from tests.twin.shape import canonical, keys_only

Answer = dict[str, Any]


class Driver:
    """Sets scenes and sends the requests of cases; ``tag`` tells the names of this run from those of others."""

    def __init__(self, server: Server) -> None:
        self.server, self.tag = server, uuid.uuid4().hex[:6]
        self.scenes: dict[str, dict[str, Json]] = {}
        self.common: dict[str, Json] = {}

    def answers(self, case: Case) -> list[Answer]:
        """Return the answer to each request of a case: status, body and, where a job was begun, how it ended."""
        ids = dict(self.scene(case.scene)) | {"tag": self.tag, "case": case.name}
        return [self.answer(request, ids) for request in case.requests]

    def scene(self, scene: Scene) -> Mapping[str, Json]:
        """Return the ids of a scene, which is set when it is first asked for."""
        if scene.name not in self.scenes:
            ids = self.scenes[scene.name] = dict(self._known()) | {"tag": self.tag} | scene.values
            for key, fields in scene.assets.items():
                ids[key] = self._add_asset(f"{key} {scene.name} {self.tag}", dict(fields), ids)
            for key, fields in scene.sensors.items():
                ids[key] = self._add_sensor(key, dict(fields), ids)
            for request in scene.requests:
                answer = self.answer(request, ids)
                if answer["status"] >= 300:
                    raise RuntimeError(f"{scene.name}: {request} was answered {answer}")
        return self.scenes[scene.name]

    def answer(self, request: Request, ids: dict[str, Json]) -> Answer:
        """Return what the server answers, and how a job ended that it begins."""
        if request.method == "CLI":
            return self._run(request, ids)
        response = self._send(request, ids)
        body = _body(response)
        answer: Answer = {"status": response.status_code}
        if request.look != "status":
            shown = canonical(body, self.tag)
            answer["body"] = keys_only(shown) if request.look == "keys" and response.ok else shown
        job = body.get("job") if isinstance(body, dict) else None
        if request.keep and isinstance(body, dict):
            ids[request.keep] = job or body.get("id")
        if job and response.status_code == 202 and request.method == "POST":
            answer["job"] = self._ended(job)
        return answer

    def _run(self, request: Request, ids: dict[str, Json]) -> Answer:
        """Return how a command ended, and why it failed, which only we are asked to tell."""
        assert self.server.terminal is not None
        with tempfile.TemporaryDirectory() as folder:
            for name, content in (request.body or {}).items():
                text = filled(content, ids)
                text = text if isinstance(text, str) else json.dumps(text)
                (Path(folder) / name).write_text(text)
            ran = self.server.terminal(shlex.split(filled(request.path, ids)), Path(folder))
        return {"status": 1, "said": ran.output[-500:]} if ran.code else {"status": 0}

    def _ended(self, job: str) -> Answer:
        """Return how a job ended; one that does not has no status."""
        try:
            ended = canonical(_body(self.server.wait_for_job(job)), self.tag)
        except TimeoutError:
            return {"status": None}
        return {key: ended.get(key) for key in ("status", "result")}

    def _send(self, request: Request, ids: dict[str, Json]) -> requests.Response:
        path = filled(request.path, ids)
        path = path[1:] if path.startswith("//") else f"/api/v3_0{path}"
        body, query = filled(request.body, ids), filled(request.query, ids)
        if request.upload:
            name, content = request.upload
            more: dict[str, Any] = {"files": {"uploaded-files": (name, content.encode())}, "data": body}
        else:
            more = {} if body is None else {"json": body}
        return self.server.send(request.method, path, request.user, params=query, **more)

    def _known(self) -> Mapping[str, Json]:
        """Ids of users (``user_boss``), their accounts (``account_boss``) and asset types (``type_battery``)."""
        if not self.common:
            for user in self.server.emails:
                self.server.sign_in(user)
                shown = self.server.send("GET", f"/api/v3_0/users/{self.server.users[user]}", user).json()
                self.common |= {f"user_{user}": shown["id"], f"account_{user}": shown["account_id"]}
                self.common |= {f"email_{user}": self.server.emails[user]}
            types = self.server.send("GET", "/api/v3_0/assets/types", "boss").json()
            self.common |= {f"type_{each['name']}": each["id"] for each in types}
            self.common |= {"password": self.server.password}
        return self.common

    def _add_asset(self, name: str, fields: dict[str, Json], ids: dict[str, Json]) -> int:
        user = fields.pop("user", "boss")
        body = {"name": name, "generic_asset_type_id": ids[f"type_{fields.pop('type', 'building')}"]}
        body["account_id"] = ids[f"account_{user}"]
        if parent := fields.pop("parent", None):
            body["parent_asset_id"] = ids[parent]
        return self._add("/api/v3_0/assets", user, body | filled(fields, ids))

    def _add_sensor(self, key: str, fields: dict[str, Json], ids: dict[str, Json]) -> int:
        body = {"name": key, "generic_asset_id": ids[fields.pop("asset")], "timezone": "Europe/Amsterdam"}
        body |= {"event_resolution": fields.pop("resolution", "PT15M")}
        return self._add("/api/v3_0/sensors", fields.pop("user", "boss"), body | filled(fields, ids))

    def _add(self, path: str, user: str, body: dict[str, Json]) -> int:
        response = self.server.send("POST", path, user, json=body)
        if response.status_code != 201:
            raise RuntimeError(f"{path} {body} was answered {response.status_code} {response.text[:500]}")
        return int(response.json()["id"])


def _body(response: requests.Response) -> Json:
    try:
        return response.json()
    except ValueError:
        return response.text and "not JSON"
