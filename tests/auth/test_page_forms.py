"""What forms and buttons of pages do, refuse and ask before: over HTTP, without a browser."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from db.core.database import Database
from db.jobs.jobs import Job
from tests.auth.test_sign_in import can_read, signed_in
from tests.auth.visiting import act
from tests.finding import part
from tests.http import serving
from tests.http.serving import Api

NEVER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def ids(sqlite_people: Database) -> dict[str, int]:
    return serving.identifiers(sqlite_people)


@pytest.fixture(scope="module")
def site(sqlite_people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    url = sqlite_people.url.render_as_string(hide_password=False)
    with serving.server(url, tmp_path_factory.mktemp("instance"), FLEXSCOPE_WATCH="false") as api:
        yield api


@pytest.fixture(scope="module")
def boss(site: Api) -> requests.Session:
    return signed_in(site, "boss")[0]


@pytest.fixture(scope="module")
def hand(site: Api) -> requests.Session:
    return signed_in(site, "hand")[0]


def add_job(database: Database, asset_id: int, job_id: str, state: str) -> None:
    with database.writing() as session:
        now = datetime.now(UTC)
        job = Job(id=job_id, kind="schedule", status=state, request={}, request_hash=job_id, known_at=now)
        job.asset_id, job.enqueued_at, job.result, job.message, job.trace = asset_id, now, {}, "", ""
        job.due_at = NEVER if state == "SCHEDULED" else None
        session.add(job)


def test_wrong_values_of_a_user_are_named_by_field_and_right_ones_shown(
    site: Api, boss: requests.Session, ids: dict[str, Any]
):
    page = f"/users/{ids['u:hand']}"
    wrong = act(site, boss, page, "save", username="")
    assert wrong.event == "refused" and wrong.detail["fields"].keys() == {"username"} and not wrong.html
    wrong = act(site, boss, page, "save", timezone="Mars/Olympus")
    assert "Mars/Olympus" in wrong.detail["fields"]["timezone"]
    saved = act(site, boss, page, "save", timezone="Europe/Oslo")
    assert (saved.event, saved.detail["text"]) == ("done", "Saved.")
    # Both the facts and the history of the answer are as they are now
    assert "<td>Europe/Oslo</td>" in saved.html and "timezone changed from" in saved.html


def test_members_are_offered_nothing_on_pages_of_others_and_may_send_nothing(
    site: Api, hand: requests.Session, ids: dict[str, Any]
):
    page = f"/users/{ids['u:boss']}"
    shown = hand.get(site.url + page, timeout=120).text
    assert 'data-do="save"' not in shown and 'data-do="reset"' not in shown
    for word in ("save", "reset", "create-key", "revoke-key"):
        refused = act(site, hand, page, word, username="x", key="1")
        assert refused.event == "refused" and "not offered here" in refused.detail["text"]


def test_admins_of_an_account_are_not_offered_roles_they_may_not_give(
    site: Api, boss: requests.Session, ids: dict[str, Any]
):
    shown = boss.get(f"{site.url}/users/{ids['u:hand']}", timeout=120).text
    assert "consultant" in shown and "admin-reader" not in shown
    root = signed_in(site, "root")[0]
    assert "admin-reader" in root.get(f"{site.url}/users/{ids['u:hand']}", timeout=120).text


def test_a_key_is_shown_once_and_revoked(site: Api, hand: requests.Session):
    made = act(site, hand, "/logged-in-user", "create-key", name="meter", scopes=["read"])
    name, text = made.detail["secret"]
    assert name == "Key meter" and "meter" in made.html and text not in made.html
    asked: dict[str, Any] = {"headers": {"Authorization": f"Bearer {text}"}, "timeout": 120}
    assert requests.get(f"{site.url}/api/v3_0/assets", **asked).status_code == 200
    key = part('id="revoke-key-([^"]+)"', made.html)
    revoked = act(site, hand, "/logged-in-user", "revoke-key", key=key)
    assert revoked.detail["text"] == "The key is revoked." and "No access keys yet." in revoked.html
    assert requests.get(f"{site.url}/api/v3_0/assets", **asked).status_code == 401


def test_another_browser_of_mine_is_signed_out_and_the_log_says_so(site: Api, boss: requests.Session):
    other = signed_in(site, "boss")[0]
    shown = boss.get(f"{site.url}/logged-in-user", timeout=120).text
    assert shown.count("(this browser)") == 1 and can_read(other, site)
    for key in re.findall('id="sign-out-([^"]+)"', shown):
        assert act(site, boss, "/logged-in-user", "sign-out", key=key).event == "done"
    assert not can_read(other, site) and can_read(boss, site)
    left = boss.get(f"{site.url}/logged-in-user", timeout=120).text
    assert 'id="sign-out-' not in left and "Signed out a browser at" in left


def test_nobody_signs_out_a_browser_of_somebody_else(site: Api, boss: requests.Session, hand: requests.Session):
    other = signed_in(site, "boss")[0]
    shown = other.get(f"{site.url}/logged-in-user", timeout=120).text
    key = part('id="sign-out-([^"]+)"', shown)
    act(site, hand, "/logged-in-user", "sign-out", key=key)
    assert can_read(boss, site) and can_read(other, site)


def test_jobs_are_cancelled_and_requeued_where_they_are_listed(
    site: Api, boss: requests.Session, sqlite_people: Database, ids: dict[str, Any]
):
    add_job(sqlite_people, ids["battery"], "waits", "SCHEDULED")
    cancelled = act(site, boss, "/tasks?state=unsuccessful", "cancel", key="waits")
    assert cancelled.detail["text"] == "The job is cancelled." and "Cancelled by boss." in cancelled.html
    assert "ended already" in act(site, boss, "/tasks", "cancel", key="waits").detail["text"]
    rival = signed_in(site, "rival")[0]
    assert act(site, rival, "/tasks", "requeue", key="waits").event == "refused"
    assert act(site, boss, f"/assets/{ids['battery']}?tab=status", "requeue", key="waits").event == "done"


def test_only_hosts_see_and_clear_queues(site: Api, boss: requests.Session, ids: dict[str, Any]):
    assert "scheduling</a>" not in boss.get(f"{site.url}/tasks", timeout=120).text
    assert "not offered here" in act(site, boss, "/tasks", "clear", key="scheduling").detail["text"]
    root = signed_in(site, "root")[0]
    assert "scheduling</a>" in root.get(f"{site.url}/tasks", timeout=120).text
    assert act(site, root, "/tasks", "clear", key="scheduling").detail["text"] == "0 jobs of scheduling cancelled."


def test_filters_offer_and_name_only_what_may_be_read(
    site: Api, boss: requests.Session, sqlite_people: Database, ids: dict[str, Any]
):
    offered = boss.get(f"{site.url}/tasks?part=assets", timeout=120).text
    assert f'value="battery ({ids["battery"]})"' in offered and "foreign" not in offered
    assert "foreign" not in boss.get(f"{site.url}/tasks?asset={ids['foreign']}", timeout=120).text
    assert boss.get(f"{site.url}/tasks?asset=x&page=9e9&state=sideways", timeout=120).status_code == 200


def test_the_log_is_searched_and_leafed_through(site: Api, ids: dict[str, Any]):
    root = signed_in(site, "root")[0]
    page = f"/accounts/{ids['a:Quay']}"
    for number in range(22):
        act(site, root, page, "save", name=f"Quay {number}")
    first = root.get(site.url + page, timeout=120).text
    assert "Page 1 of 2" in first and "name changed from Quay 20 to Quay 21" in first
    assert "name changed from Quay to Quay 0" in root.get(f"{site.url}{page}?log-page=2", timeout=120).text
    assert "No entries match your search." in root.get(f"{site.url}{page}?log=nothing", timeout=120).text
    act(site, root, page, "save", name="Quay")


def test_values_are_deleted_of_days_that_were_chosen_and_never_of_all_by_default(
    site: Api, boss: requests.Session, ids: dict[str, Any]
):
    page = f"/sensors/{ids['s:load']}?tab=data"
    assert act(site, boss, page, "delete").detail["fields"].keys() == {"start"}
    wrong = act(site, boss, page, "delete", start="2026-01-05", until="2026-01-04")
    assert wrong.detail["fields"].keys() == {"until"}
    asked = act(site, boss, page, "delete", start="2026-01-05", until="2026-01-05")
    assert asked.event == "asked" and asked.detail["agree"] == "Delete 0 values"
    assert "from 2026-01-05 00:00 until 2026-01-06 00:00" in asked.detail["text"]
    assert act(site, boss, page, "delete", everything=True, agreed=True).detail["text"] == "0 values deleted."


def test_a_sensor_or_an_asset_goes_after_a_question_that_names_what_goes_with_it(
    site: Api, boss: requests.Session, hand: requests.Session, ids: dict[str, Any]
):
    page = f"/assets/{ids['site']}?tab=properties"
    asked = act(site, boss, page, "delete")
    assert asked.event == "asked" and asked.detail["typed"] == "site" and not asked.html
    assert asked.detail["text"].startswith("The asset site, 1 asset below it, 3 sensors and all their data")
    assert act(site, hand, page, "delete", agreed=True).event == "refused"
    page = f"/sensors/{ids['s:soc']}?tab=settings"
    assert "all of its 0 values will be deleted" in act(site, boss, page, "delete").detail["text"]
    assert act(site, boss, page, "delete", agreed=True).detail["href"] == f"/assets/{ids['battery']}?tab=context"


def test_a_new_asset_has_the_type_that_was_chosen_and_another_one_later(
    site: Api, boss: requests.Session, ids: dict[str, Any]
):
    wrong = act(site, boss, "/assets/new", "blank", name="pump", generic_asset_type_id=None)
    assert wrong.detail["fields"] == {"generic_asset_type_id": "This field is required."}
    made = act(site, boss, "/assets/new", "blank", name="pump", generic_asset_type_id=1, account_id=ids["a:Mill"])
    page = made.detail["href"]
    saved = act(site, boss, page, "asset", generic_asset_type_id=2, latitude="52,5")
    assert (
        saved.detail["text"] == "Saved."
        and "asset type id changed from 1 to 2"
        in boss.get(f"{site.url}{page.partition('?')[0]}?tab=audit", timeout=120).text
    )
    assert act(site, boss, "/assets/new", "copy", original=None).detail["fields"].keys() == {"original"}


def test_what_is_not_there_is_said_in_the_frame_of_who_is_signed_in(site: Api, boss: requests.Session):
    answer = boss.get(f"{site.url}/nothing/<script>", timeout=120)
    assert answer.status_code == 404 and "Page not found" in answer.text and 'id="menu"' in answer.text
    assert "<script>" not in answer.text and "&lt;script&gt;" in answer.text.replace("%3Cscript%3E", "&lt;script&gt;")
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    stranger = requests.get(f"{site.url}/nothing", timeout=120)
    assert stranger.status_code == 404 and 'id="menu"' not in stranger.text


@pytest.mark.parametrize(
    "path", ["tables/row_table.py", "theme.py", "../app/cli/main.py", "tables/..%2f..%2fREADME.md"]
)
def test_scripts_are_served_and_nothing_else_of_their_folder(site: Api, path: str):
    assert requests.get(f"{site.url}/scripts/tables/row_table.js", timeout=120).status_code == 200
    assert requests.get(f"{site.url}/scripts/{path}", timeout=120).status_code == 404
