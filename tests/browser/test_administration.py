"""What admins do with accounts and users, and everybody with themselves."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.looking import settle
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
    host.get_by_label("Consultancy").select_option("Toy Account")
    host.get_by_role("button", name="Save").click()
    expect(host.get_by_text("Saved.")).to_be_visible()
    expect(host.get_by_role("row", name="Consultancy Toy Account")).to_be_visible()
    expect(host.get_by_text("primary color set to #226622").first).to_be_visible()


def test_a_user_is_added_gets_a_role_is_deactivated_and_found_in_the_log(host: Page):
    host.goto("/users")
    settle(host)
    host.get_by_role("button", name="Add a user").click()
    host.get_by_label("Email").fill("toy-user@flexmeasures.io")
    host.get_by_role("button", name="Add user").click()
    expect(host.get_by_text("Not saved: check Email.")).to_be_visible()
    host.get_by_label("Email").fill("miller@example.org")
    host.get_by_role("button", name="Add user").click()
    expect(host.get_by_role("heading", name="miller")).to_be_visible()
    host.get_by_label("Active").uncheck()
    host.get_by_label("consultant").check()
    host.get_by_role("button", name="Save").click()
    expect(host.get_by_text("Saved.")).to_be_visible()
    host.get_by_role("button", name="Reset password").click()
    host.get_by_role("button", name="Reset password, end sessions").click()
    expect(host.get_by_text("is void, all sessions, tokens and keys have ended")).to_be_visible()
    host.goto("/users?search=miller")
    expect(host.get_by_role("row", name=re.compile("miller@example.org"))).to_contain_text(
        re.compile("consultant.*deactivated")
    )
    expect(host.get_by_role("status")).to_have_text(re.compile("^1 of "))


def test_people_change_their_name_and_issue_a_token_that_works(desk: Page, site: Api):
    desk.goto("/logged-in-user")
    settle(desk)
    desk.get_by_label("Time zone").fill("Mars/Olympus")
    desk.get_by_role("button", name="Save").first.click()
    expect(desk.get_by_text("Not saved: check Time zone.")).to_be_visible()
    desk.get_by_role("button", name="Create token").click()
    token = desk.get_by_label("Token", exact=True).input_value()
    answer = requests.get(f"{site.url}/api/v3_0/assets", headers={"Authorization": token}, timeout=120)
    assert answer.status_code == 200


def test_a_key_is_shown_once_and_revoked_and_what_was_typed_elsewhere_stays(desk: Page):
    desk.goto("/logged-in-user")
    settle(desk)
    desk.get_by_label("User name").fill("half a na")
    desk.get_by_role("button", name="Create a key").click()
    desk.get_by_label("Purpose").fill("meter")
    desk.get_by_label("Purpose").press("Enter")
    expect(desk.get_by_label("Key meter", exact=True)).to_have_value(re.compile("."))
    desk.get_by_role("button", name="Close", exact=True).click()
    expect(desk.get_by_label("User name")).to_have_value("half a na")
    desk.get_by_role("button", name="Revoke meter").click()
    desk.get_by_role("button", name="Revoke this key").click()
    expect(desk.get_by_text("The key is revoked.")).to_be_visible()
    expect(desk.get_by_text("No access keys yet.")).to_be_visible()


def test_what_others_may_not_do_is_not_offered(desk: Page):
    desk.goto("/accounts")
    settle(desk)
    expect(desk.get_by_role("button", name="Add an account")).to_have_count(0)
    desk.get_by_role("link", name="Toy Account").click()
    settle(desk)
    expect(desk.get_by_label("Primary colour")).to_be_visible()
    expect(desk.get_by_label("Consultancy")).to_have_count(0)


def test_a_host_sees_how_the_server_is_doing(host: Page):
    host.goto("/status")
    expect(host.get_by_role("row", name="StorageScheduler")).to_contain_text("loaded")
    expect(host.get_by_role("row", name="Disk")).to_contain_text("GiB free")
    expect(host.get_by_role("row", name="scheduling")).to_be_visible()
