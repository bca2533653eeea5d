"""The second factor: a mailed code, once, for this browser, and for tokens too."""

from collections.abc import Iterator

import pytest
import requests

from app.auth.protection import sealing
from app.settings.settings import load
from db.core.database import Database
from engine.errors import EngineError, FieldError
from tests.auth.test_sign_in import awaited, can_read, submit
from tests.finding import part
from tests.http import serving
from tests.http.serving import PASSWORD, Api, email
from tests.mail import Box


@pytest.fixture(scope="module")
def site(people: Database, box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server that wants a second factor."""
    url = people.url.render_as_string(hide_password=False)
    more = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(box.port), "SECURITY_TWO_FACTOR": "true"}
    with serving.server(url, tmp_path_factory.mktemp("instance"), **more) as running:
        yield running


def log_in(site: Api, browser: requests.Session) -> requests.Response:
    return submit(browser, f"{site.url}/login?next=/assets", email=email("boss"), password=PASSWORD)


def code(box: Box, before: int) -> str:
    return part(r"\d{6}", awaited(box, before + 1).get_content())


def test_a_password_alone_is_not_enough(site: Api, box: Box) -> None:
    browser, before = requests.Session(), len(box.mails)
    assert log_in(site, browser).headers["Location"] == "/login/code"
    assert not can_read(browser, site)
    right = code(box, before)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    assert submit(browser, f"{site.url}/login/code", code=wrong).status_code == 401
    assert submit(browser, f"{site.url}/login/code", code=right).headers["Location"] == "/assets"
    assert can_read(browser, site)
    browser.get(f"{site.url}/logout", timeout=120)
    assert log_in(site, browser).headers["Location"] == "/assets"
    assert log_in(site, requests.Session()).headers["Location"] == "/login/code"


def test_a_code_is_void_after_use_and_after_a_few_wrong_ones(site: Api, box: Box) -> None:
    browser, before = requests.Session(), len(box.mails)
    log_in(site, browser)
    right = code(box, before)
    for number in range(5):
        submit(browser, f"{site.url}/login/code", code=f"{(int(right) + 1 + number) % 10**6:06d}")
    assert submit(browser, f"{site.url}/login/code", code=right).status_code == 401
    assert requests.get(f"{site.url}/login/code", timeout=120).url == f"{site.url}/login"


def test_a_token_needs_the_code_too(site: Api, box: Box) -> None:
    body, before = {"email": email("rival"), "password": PASSWORD}, len(box.mails)
    first = requests.post(f"{site.url}/api/requestAuthToken", json=body, timeout=120)
    assert first.status_code == 401 and "mailed" in first.json()["message"]
    body["code"] = code(box, before)
    assert "auth_token" in requests.post(f"{site.url}/api/requestAuthToken", json=body, timeout=120).json()
    assert requests.post(f"{site.url}/api/requestAuthToken", json=body, timeout=120).status_code == 401


def test_a_kept_secret_opens_with_its_keys_only() -> None:
    old, new = "A" * 43 + "=", "B" * 42 + "A="
    first = load({"FLEXMEASURES_SECRETS_ENCRYPTION_KEYS": old})
    sealed = sealing.seal("hush", first, secret="s")
    assert b"hush" not in sealed
    both = load({"FLEXMEASURES_SECRETS_ENCRYPTION_KEYS": f"{new},{old}"})
    assert sealing.opened(sealed, both, secret="s") == "hush"
    with pytest.raises(EngineError, match="put the key it was sealed with back"):
        sealing.opened(sealed, load({"FLEXMEASURES_SECRETS_ENCRYPTION_KEYS": new}), secret="s")
    with pytest.raises(FieldError, match="32 random bytes"):
        sealing.seal("x", load({"FLEXMEASURES_SECRETS_ENCRYPTION_KEYS": "short"}), secret="s")
