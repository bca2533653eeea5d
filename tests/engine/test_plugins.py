"""Plugins: ours are found by the same door, a broken one stops nothing."""

from importlib.metadata import EntryPoint

import pytest

from engine import plugins
from engine.errors import UnknownPlugin
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.testing import check_scheduler


@pytest.fixture(autouse=True)
def _forget():
    plugins.known.cache_clear()
    yield
    plugins.known.cache_clear()


@pytest.mark.parametrize("name", ["StorageScheduler", "ProcessScheduler", "StorageFallbackScheduler"])
def test_our_schedulers_keep_what_every_scheduler_promises(name):
    check_scheduler(plugins.find("schedulers", name)())


def test_an_unknown_name_tells_the_nearest():
    with pytest.raises(UnknownPlugin, match="did you mean 'StorageScheduler'"):
        plugins.find("schedulers", "StorageSchedular")


def test_a_broken_plugin_is_named_and_stops_nothing(monkeypatch, caplog):
    points = [
        EntryPoint("Broken", "nosuch.module:Thing", "flexscope.schedulers"),
        EntryPoint("Good", "engine.schedulers.storage_scheduler:StorageScheduler", "flexscope.schedulers"),
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)
    assert plugins.known("schedulers") == {"Good": StorageScheduler}
    assert plugins.broken("schedulers") == ["Broken"]
    assert "nosuch.module:Thing" in caplog.text


class Forgetful(StorageScheduler):
    def compute(self, site):
        site.devices[-1].power[0] += 1.0
        return super().compute(site)


def test_a_scheduler_that_changes_its_input_is_caught():
    with pytest.raises(AssertionError):
        check_scheduler(Forgetful())
