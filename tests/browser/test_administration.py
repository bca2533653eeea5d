"""What admins do with accounts and users, and everybody with themselves."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.looking import settle, visit
from tests.http.serving import Api

pytestmark = pytest.mark.browser


def test_an_account_is_added_and_dressed(host: Page):
    host.goto("/accounts")
    settle(host)
    host.get_by_role("button", name="Add an account").click()
    host.get_by_label("Name").fill("Windmill")
    host.get_by_role("button", name="Add account").click()
    expect(host.get_by_role("heading", name="Windmill")).to_be_visible()
    host.get_by_label("Primary colour").fill("green")
    host.get_by_role("button", name="Save").click()
    expect(host.get_by_text("Not saved: check Primary colour.")).to_be_visible()
    host.get_by_label("Primary colour").fill("#226622")
    host.get_by_label("Consultancy").click()
    host.get_by_text("Toy Account", exact=True).click()
    host.get_by_role("button", name="Save").click()
    expect(host.get_by_text("Saved.")).to_be_visible()
    host.reload()
    expect(host.get_by_role("row", name="Consultancy Toy Account")).to_be_visible()
    expect(host.get_by_text("primary_color").first).to_be_visible()


def test_a_user_is_added_gets_a_role_is_deactivated_and_found_in_the_log(host_inside: Page):
    visit(host_inside, "/users")
    settle(host_inside)
    host_inside.get_by_role("button", name="Add a user").click()
    host_inside.get_by_label("Email").fill("toy-user@flexmeasures.io")
    host_inside.get_by_role("button", name="Add user").click()
    expect(host_inside.get_by_text("Not saved: check Email.")).to_be_visible()
    host_inside.get_by_label("Email").fill("miller@example.org")
    host_inside.get_by_role("button", name="Add user").click()
    expect(host_inside.get_by_role("heading", name="miller")).to_be_visible()
    host_inside.get_by_label("Active").uncheck()
    host_inside.get_by_label("consultant").check()
    host_inside.get_by_role("button", name="Save").click()
    expect(host_inside.get_by_text("Saved.")).to_be_visible()
    host_inside.get_by_role("button", name="Reset password").click()
    host_inside.get_by_role("button", name="Reset it").click()
    expect(host_inside.get_by_text("is void, all sessions, tokens and keys have ended")).to_be_visible()
    visit(host_inside, "/users?search=miller")
    expect(host_inside.get_by_role("row", name=re.compile("miller@example.org"))).to_contain_text(
        re.compile("consultant.*deactivated")
    )
    expect(host_inside.get_by_role("status")).to_have_text(re.compile("^1 of "))


def test_people_change_their_name_and_issue_a_token_that_works(inside: Page, site: Api):
    visit(inside, "/logged-in-user")
    settle(inside)
    inside.get_by_label("Time zone").fill("Mars/Olympus")
    inside.get_by_role("button", name="Save").first.click()
    expect(inside.get_by_text("Not saved: check Time zone.")).to_be_visible()
    inside.get_by_role("button", name="Create token").click()
    token = inside.get_by_label("Token", exact=True).input_value()
    answer = requests.get(f"{site.url}/api/v3_0/assets", headers={"Authorization": token}, timeout=120)
    assert answer.status_code == 200


def test_a_key_is_shown_once_works_and_is_revoked(inside: Page, site: Api):
    visit(inside, "/logged-in-user")
    settle(inside)
    inside.get_by_role("button", name="Create a key").click()
    inside.get_by_label("Purpose").fill("meter")
    inside.get_by_role("button", name="Create key").click()
    key = inside.get_by_label("Key meter").input_value()
    asked = {"url": f"{site.url}/api/v3_0/assets", "headers": {"Authorization": f"Bearer {key}"}, "timeout": 20}
    assert requests.get(**asked).status_code == 200
    inside.get_by_role("row", name="meter").get_by_role("button", name="Revoke").click()
    inside.get_by_role("button", name="Revoke it").click()
    expect(inside.get_by_text("The key is revoked.")).to_be_visible()
    assert requests.get(**asked).status_code == 401


def test_what_others_may_not_do_is_not_offered(inside: Page):
    visit(inside, "/accounts")
    settle(inside)
    expect(inside.get_by_role("button", name="Add an account")).to_have_count(0)
    inside.get_by_role("link", name="Toy Account").click()
    settle(inside)
    expect(inside.get_by_label("Primary colour")).to_be_visible()
    expect(inside.get_by_label("Consultancy")).to_have_count(0)


def test_a_host_sees_how_the_server_is_doing(host_inside: Page):
    visit(host_inside, "/status")
    expect(host_inside.get_by_role("row", name="StorageScheduler")).to_contain_text("loaded")
    expect(host_inside.get_by_role("row", name="Disk")).to_contain_text("GiB free")
    expect(host_inside.get_by_role("row", name="scheduling")).to_be_visible()
