"""What settings of the face do to what a server answers, asked over HTTP."""

from pathlib import Path

import requests

from db.core.database import Database
from tests.http import serving
from tests.http.serving import Api
from tests.http.test_sign_in import sign_in

SETTINGS = {
    "FLEXMEASURES_PLATFORM_NAME": "[('Windy', ['ESCo']), 'Sunny']",
    "FLEXMEASURES_SIGNUP_PAGE": "https://join.example.org/",
    "FLEXMEASURES_MENU_LOGO_PATH": "https://cdn.example.org/logo.svg",
    "FLEXMEASURES_EXTRA_CSS_PATH": "/public/own.css",
}


def test_the_face_of_the_host_is_there_before_and_after_signing_in(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    serving.populate(database)
    database.close()
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "own.css").write_text("body {color: red}")
    with serving.server(sqlite_url, tmp_path, **SETTINGS) as api:
        check(api)


def check(api: Api) -> None:
    login = requests.get(f"{api.url}/login", timeout=120).text
    assert "<h1>Sunny</h1>" in login and 'href="https://join.example.org/"' in login
    assert requests.get(f"{api.url}/public/own.css", timeout=120).text == "body {color: red}"
    for outside in ("/public/../secret_key", "/public/%2e%2e/secret_key"):
        assert requests.get(api.url + outside, timeout=120).status_code in (403, 404)
    page = sign_in(api)[0].get(f"{api.url}/assets", timeout=120)
    assert "public/own.css" in page.text
    assert "img-src https://cdn.example.org/logo.svg 'self'" in page.headers["Content-Security-Policy"]
