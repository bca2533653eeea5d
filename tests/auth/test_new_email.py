"""Another email address, confirmed by mail; a password that an admin voids; secrets that are told to nobody."""

import pytest
import requests
from sqlalchemy import select

from app.auth.protection import sealing
from app.settings.settings import load, secret_key
from db.accounts.credentials import KeptSecret
from db.core.database import Database
from tests.auth.test_sign_in import awaited, can_read, signed_in, submit
from tests.finding import part
from tests.http import serving
from tests.http.serving import PASSWORD, Api, email
from tests.mail import Box

NEW = "hand@elsewhere.example"


def link_in(box: Box, count: int) -> str:
    return part(r"http\S+", awaited(box, count).get_content())


def test_a_new_address_counts_once_its_link_is_followed(site: Api, box: Box) -> None:
    browser, count = signed_in(site, "hand")[0], len(box.mails)
    address = f"{site.url}/change-email"
    assert submit(browser, address, email=NEW, password="wrong").status_code == 422
    assert submit(browser, address, email="no address", password=PASSWORD).status_code == 422
    assert submit(browser, address, email=NEW.title(), password=PASSWORD).status_code == 200
    link = link_in(box, count + 1)
    assert box.mails[-1]["To"] == NEW and link.startswith(f"{site.url}/confirm-email?token=")
    requests.get(link, timeout=120)
    assert can_read(signed_in(site, "hand")[0], site)
    assert submit(requests.Session(), link).status_code == 302
    assert awaited(box, count + 2)["To"] == email("hand")
    assert not can_read(browser, site) and not can_read(signed_in(site, "hand")[0], site)
    entered = requests.Session()
    submit(entered, f"{site.url}/login", email=NEW, password=PASSWORD)
    assert can_read(entered, site)
    assert submit(requests.Session(), link).status_code == 422
    assert submit(requests.Session(), f"{link}x").status_code == 422


def test_an_address_somebody_has_is_not_taken_nor_told(site: Api, box: Box) -> None:
    browser, count = signed_in(site, "adviser")[0], len(box.mails)
    free = submit(browser, f"{site.url}/change-email", email="free@example.org", password=PASSWORD)
    awaited(box, count + 1)
    taken = submit(browser, f"{site.url}/change-email", email=email("boss"), password=PASSWORD)
    assert (free.status_code, free.text) == (taken.status_code, taken.text)
    assert len(box.mails) == count + 1


def test_a_password_that_is_voided_is_chosen_anew_by_mail(site: Api, box: Box, people: Database) -> None:
    count, key = len(box.mails), serving.identifiers(people)["u:reader"]
    token = site.token("reader")
    answer = site.patch(f"/users/{key}/password-reset", who="root")
    assert answer.status_code == 200 and "mailed" in answer.json()["message"]
    link = link_in(box, count + 1)
    assert box.mails[-1]["To"] == email("reader")
    assert requests.get(f"{site.url}/api/v3_0/assets", headers={"Authorization": token}, timeout=120).status_code == 401
    assert submit(requests.Session(), link, password="a brand new one", again="a brand new one").status_code == 302
    assert can_read(signed_in(site, "reader", "a brand new one")[0], site)


@pytest.mark.parametrize("kind", ["accounts", "assets"])
def test_a_secret_is_kept_sealed_and_told_to_nobody(site: Api, people: Database, kind: str) -> None:
    ids = serving.identifiers(people)
    path = f"/{kind}/{ids['a:Mill' if kind == 'accounts' else 'battery']}/secrets"
    made = site.post(path, json={"name": "gate.password", "value": "sesame"})
    again = site.post(path, json={"name": "gate.password", "value": "open sesame"})
    assert (made.status_code, again.json()["id"]) == (201, made.json()["id"])
    listed = site.get(path)
    assert [row["name"] for row in listed.json()] == ["gate.password"]
    assert "sesame" not in listed.text + made.text + site.get(f"/{path.split('/')[1]}/{path.split('/')[2]}").text
    with people.reading() as session:
        row = session.scalars(select(KeptSecret).where(KeptSecret.id == made.json()["id"])).one()
    assert b"sesame" not in row.sealed
    settings = load({"FLEXSCOPE_INSTANCE_PATH": str(site.log.parent)})
    assert sealing.opened(row.sealed, settings, secret=secret_key(settings)) == "open sesame"
    assert site.delete(f"/secrets/{row.id}").status_code == 204
    assert site.get(path).json() == []
