"""Limits count for all processes together, per account or by plan, and cost little."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from app.auth.access.identity import SignedIn
from app.auth.protection import limits
from app.auth.protection.limits import Exceeded, Rate, RateLimits
from app.settings.settings import load
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset
from db.core.database import Database
from db.subscriptions import QuotaReached, Subscription, check_room
from engine.errors import FieldError

NOON = 1_767_614_400


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """A clock that stands still until it is moved."""
    with patch.object(limits.time, "time", return_value=float(NOON)) as clock:
        yield clock


def process(database: Database, folder: Path, **settings: str) -> RateLimits:
    return RateLimits(load({"FLEXSCOPE_INSTANCE_PATH": str(folder), **settings}), database)


def user(account_id: int = 1, user_id: int = 1) -> SignedIn:
    return SignedIn(id=user_id, email="", username="", account_id=account_id, roles=frozenset(), timezone="UTC")


def granted(processes: list[RateLimits], tries: int, who: SignedIn | None = None) -> int:
    """Return how many of some tries, spread over processes, are let through."""
    found = 0
    for number in range(tries):
        try:
            processes[number % len(processes)].request(who or user(), "192.0.2.1")
            found += 1
        except Exceeded:
            continue
    return found


def test_processes_together_grant_no_more_than_the_limit(database: Database, tmp_path: Path, clock: Any) -> None:
    processes = [process(database, tmp_path) for _ in range(3)]
    assert granted(processes, 800) == 500
    with pytest.raises(Exceeded, match="more than 500 requests; try again in 60 seconds") as refused:
        processes[0].request(user(), "")
    assert refused.value.headers["Retry-After"] == "60"
    assert granted(processes, 10, user(account_id=2)) == 10
    clock.return_value += 60
    assert granted(processes, 10) == 10


def test_most_requests_touch_no_database(database: Database, tmp_path: Path) -> None:
    one = process(database, tmp_path)
    with patch.object(one, "_take_more", wraps=one._take_more) as taking:
        assert granted([one], 500) == 500
    assert taking.call_count == 20


def test_what_is_left_is_told(database: Database, tmp_path: Path) -> None:
    one = process(database, tmp_path, FLEXMEASURES_API_DEFAULT_RATE_LIMIT="7 per minute")
    left = [one.request(user(), "") for _ in range(7)]
    assert [state.remaining for state in left if state] == [6, 5, 4, 3, 2, 1, 0]
    assert left[0] and left[0].headers["X-RateLimit-Reset"] == str(NOON + 60)


def test_a_plan_has_limits_of_its_own(database: Database, tmp_path: Path) -> None:
    with database.writing() as session:
        plan = Subscription(name="small", requests_per_minute=3, triggers_per_five_minutes=1)
        session.add(plan)
        session.flush()
        account = Account(name="Mill", plan_id=plan.id)
        session.add(account)
    one = process(database, tmp_path)
    assert granted([one], 10, user(account_id=account.id)) == 3
    with one.trigger(user(account_id=account.id)):
        pass
    with pytest.raises(Exceeded, match="more than 1 accepted triggers"), one.trigger(user(account_id=account.id)):
        pass


def test_only_accepted_triggers_count(database: Database, tmp_path: Path, clock: Any) -> None:
    one, other = process(database, tmp_path), process(database, tmp_path)
    for number in range(20):
        with pytest.raises(FieldError), (one, other)[number % 2].trigger(user()):
            raise FieldError("flex-model", "is wrong.")
    for number in range(10):
        with (one, other)[number % 2].trigger(user()):
            pass
    with pytest.raises(Exceeded, match="more than 10 accepted triggers"), other.trigger(user()):
        pass
    clock.return_value += 300
    with other.trigger(user()):
        pass


@pytest.mark.parametrize("off", [{"FLEXMEASURES_MODE": "play"}, {"RATELIMIT_ENABLED": "false"}])
def test_in_play_mode_there_are_none(sqlite_url: str, tmp_path: Path, off: dict[str, str]) -> None:
    database = Database(sqlite_url)
    one = process(database, tmp_path, FLEXMEASURES_API_DEFAULT_RATE_LIMIT="1 per hour", **off)
    assert granted([one], 20) == 20
    one.close()
    database.close()


def test_strangers_count_by_address_and_users_alone_if_so_set(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    more = {"FLEXMEASURES_API_DEFAULT_RATE_LIMIT": "2/minute", "FLEXMEASURES_API_RATE_LIMIT_KEY": "user"}
    one = process(database, tmp_path, **more)
    assert granted([one], 5, user(user_id=1)) == granted([one], 5, user(user_id=2)) == 2
    assert one.request(None, "192.0.2.7") and one.request(None, "192.0.2.7")
    with pytest.raises(Exceeded):
        one.request(None, "192.0.2.7")
    one.close()
    database.close()


@pytest.mark.parametrize(("text", "rate"), [("500 per minute", Rate(500, 60)), ("10 per 5 minutes", Rate(10, 300))])
def test_limits_are_written_in_words(text: str, rate: Rate) -> None:
    assert Rate.of(text, setting="X") == rate


@pytest.mark.parametrize("text", ["many", "0 per minute", "5 per fortnight", "5 per 0 minutes"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(FieldError, match="write it like '500 per minute'"):
        Rate.of(text, setting="X")


def test_a_plan_says_how_many_assets_an_account_may_have(database: Database) -> None:
    with database.writing() as session:
        plan = Subscription(name="small", most_assets=1)
        session.add(plan)
        session.flush()
        account = Account(name="Mill", plan_id=plan.id)
        session.add(account)
        session.flush()
        check_room(session, account.id, Asset)
        session.add(Asset(name="first", asset_type_id=1, account_id=account.id))
        session.flush()
        with pytest.raises(QuotaReached, match="allows 1 assets"):
            check_room(session, account.id, Asset)
        check_room(session, account.id, User)
        check_room(session, None, Asset)
