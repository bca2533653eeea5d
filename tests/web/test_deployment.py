"""Two web processes and a worker on PostgreSQL and Redis behind nginx, as ``deploy/`` sets them up."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import requests

from app.settings.settings import load
from db.core.database import Database
from tests import redis
from tests.auth.test_sign_in import signed_in
from tests.auth.visiting import LIVE, seen
from tests.conftest import COUNT, create_database, drop_database, refuse
from tests.http.serving import Api, populate, server
from tests.postgres import free_port
from tests.processes import COMMAND, Forked

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


@contextmanager
def proxy(folder: Path, ports: list[int]) -> Iterator[int]:
    """Run nginx with our configuration in front of some ports; give its own."""
    port = free_port()
    upstream = " ".join(f"server 127.0.0.1:{each};" for each in ports)
    text = (DEPLOY / "nginx.conf").read_text().replace("server web:5000;", upstream)
    own = f"pid {folder}/pid; error_log {folder}/nginx.log; daemon off; user root;\n"
    folders = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    kept = "".join(f"{name}_temp_path {folder}/{name};" for name in folders)
    text = text.replace("http {", f"http {{ access_log off; {kept}").replace("listen 80", f"listen {port}")
    file = folder / "nginx.conf"
    file.write_text(own + text)
    process = subprocess.Popen([NGINX, "-c", str(file), "-p", str(folder)])
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, postgres_template: str) -> Iterator[tuple[Api, list[Api]]]:
    """What stands behind the proxy, and the two web processes themselves."""
    if not Path(NGINX).exists():
        refuse("nginx is not installed; install Debian's nginx-light")
    if redis.binary() is None:
        refuse("Redis is not installed; install Debian's redis-server")
    url = create_database(postgres_template, f"cluster{next(COUNT)}", "template_empty")
    with closing(Database(url)) as database:
        populate(database)
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        stack.callback(drop_database, url)
        shared = {
            "SECRET_KEY": "k" * 40, "FLEXMEASURES_REDIS_URL": stack.enter_context(redis.server()),
            "FLEXSCOPE_BEHIND_PROXY": "true", "RATELIMIT_ENABLED": "true",
            "FLEXMEASURES_API_TRIGGER_RATE_LIMIT": "2 per 5 minutes",
        }  # fmt: skip
        webs = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            webs.append(stack.enter_context(server(url, folder / name, **shared)))
        environment = os.environ | shared | {"SQLALCHEMY_DATABASE_URI": url, "FLEXSCOPE_INSTANCE_PATH": str(folder)}
        words = ("jobs", "run-worker", "--queue", "scheduling|forecasting|reporting|ingestion")
        worker = Forked(COMMAND, *words, environment=environment, out=folder / "worker.log")
        stack.callback(worker.wait, 120)
        stack.callback(worker.terminate)
        port = stack.enter_context(proxy(folder, [int(web.url.rpartition(":")[2]) for web in webs]))
        front = Api(f"http://127.0.0.1:{port}", folder / "nginx.log")
        for _ in range(600):  # until nginx listens
            try:
                requests.get(f"{front.url}/api/", timeout=60)
                break
            except requests.ConnectionError:
                continue
        yield front, webs


def test_one_sign_in_holds_at_all_processes(cluster):
    front, webs = cluster
    browser, answer = signed_in(front, "boss")
    assert answer.status_code == 302
    for each in (front, *webs):
        assert browser.get(f"{each.url}/api/v3_0/assets", timeout=120).status_code == 200
    # A token of one process is good at the other.
    for each in webs:
        told = {"Authorization": front.token("boss")}
        assert requests.get(f"{each.url}/api/v3_0/assets", headers=told, timeout=120).status_code == 200


def test_live_pages_find_their_process(cluster):
    """Each visitor has a session of his own and so one process; of six, both serve some."""
    front, webs = cluster
    before = [web.computed() for web in webs]
    for _ in range(6):
        browser, _ = signed_in(front, "boss")
        assert "PULL-DOC-REPLY" in seen(front, browser, LIVE, "PULL-DOC-REPLY")
    assert all(web.computed() > start for web, start in zip(webs, before, strict=True))


def test_limits_and_jobs_are_shared(cluster):
    front, webs = cluster
    battery = next(row["id"] for row in front.get("/assets").json() if row["name"] == "battery")
    body = {
        "start": "2026-01-05T00:00:00+01:00", "duration": "PT2H",
        "flex-model": {"soc-at-start": "1 kWh", "soc-max": "2 kWh", "power-capacity": "1 kW"},
        "flex-context": {"consumption-price": "0.2 EUR/kWh"},
    }  # fmt: skip
    for web in webs:  # one at each: together they are as many as the account may ask for
        web.tokens = front.tokens
        asked = web.post(f"/assets/{battery}/schedules/trigger", json=body | {"force-new-job-creation": True})
        assert asked.status_code in (200, 202), asked.text
        assert front.ended(asked.json()["schedule"]).json()["status"] == "FINISHED"
    assert front.post(f"/assets/{battery}/schedules/trigger", json=body).status_code == 429


def test_files_name_what_there_is():
    """Sources that the image copies, and settings that processes are started with."""
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    named = [name for line in copied for name in line.split()]
    assert named and [name for name in named if not (DEPLOY.parent / name).exists()] == []
    texts = [file.read_text() for file in DEPLOY.iterdir() if file.suffix in (".yaml", ".service")]
    used = {name for text in texts for name in re.findall(r"\b(?:FLEX[A-Z]+_[A-Z_]+|SQLALCHEMY_[A-Z_]+)\b", text)}
    assert used and {name for name in used if not hasattr(load(), name)} == set()
