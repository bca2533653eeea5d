"""Named scenarios of one schedule: all that differs in each, as a text that stands in an address."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.pages.what_if.knobs import number_of
from app.usecases.inputs import Invalid

MOST: Final = 6
"""Most scenarios beside each other."""
LONGEST: Final = 6000
"""Most characters of scenarios in an address; browsers and servers between take 8000."""
NAME: Final = "Scenario"
LIST_EDITS: Final = ("flex-model", "prices", "pins")
"""Parts of edits that are lists."""


@dataclass(frozen=True, kw_only=True)
class NamedScenario:
    """What differs in one scenario."""

    name: str
    edits: Mapping[str, Any] = field(default_factory=dict)
    """As ``ScenarioEdits`` takes it; empty parts are left out."""
    investment: float = 0.0
    """What it costs more than the site as it is [currency]."""

    @property
    def parts(self) -> list[Any]:
        """What an address holds of it."""
        return [self.name, self.edits, *([self.investment] if self.investment else [])]


@dataclass(frozen=True, kw_only=True)
class ScenarioSet:
    """Scenarios beside each other, and the one that is shown."""

    scenarios: Sequence[NamedScenario] = (NamedScenario(name=f"{NAME} 1"),)
    at: int = 0

    @property
    def current(self) -> NamedScenario:
        """The scenario that is shown."""
        return self.scenarios[self.at]

    def with_edits(self, edits: Mapping[str, Any]) -> "ScenarioSet":
        """The same with other edits in the scenario that is shown."""
        kept = {name: part for name, part in edits.items() if part}
        return self._with_current(replace(self.current, edits=kept))

    def _with_current(self, shown: NamedScenario) -> "ScenarioSet":
        return replace(self, scenarios=[*self.scenarios[: self.at], shown, *self.scenarios[self.at + 1 :]])

    def renamed(self, name: str) -> "ScenarioSet":
        """The same with another name of the scenario that is shown."""
        plain = " ".join(name.split())[:60]
        return self._with_current(replace(self.current, name=plain)) if plain else self

    def costing(self, text: str) -> "ScenarioSet":
        """The same with another investment of the scenario that is shown; texts that are no amount change nothing."""
        amount = number_of(text) if text.strip() else 0.0
        return self if amount is None or amount < 0 else self._with_current(replace(self.current, investment=amount))

    def acted(self, act: str) -> "ScenarioSet":
        """The same after ``add``, ``remove``, ``reset`` or ``show~1``."""
        word, _, number = act.partition("~")
        if word == "add" and len(self.scenarios) < MOST:
            new = replace(self.current, name=f"{NAME} {len(self.scenarios) + 1}")
            return ScenarioSet(scenarios=[*self.scenarios, new], at=len(self.scenarios))
        if word == "remove" and len(self.scenarios) > 1:
            rest = [each for place, each in enumerate(self.scenarios) if place != self.at]
            return ScenarioSet(scenarios=rest, at=max(self.at - 1, 0))
        if word == "show" and number.isdecimal() and int(number) < len(self.scenarios):
            return replace(self, at=int(number))
        return self.with_edits({}) if word == "reset" else self

    @property
    def text(self) -> str:
        """All of it, for an address; empty where nothing differs.

        Raises:
            Invalid: It is too long for one.
        """
        if len(self.scenarios) == 1 and self.current.parts == [f"{NAME} 1", {}]:
            return ""
        text = json.dumps([self.at, *(each.parts for each in self.scenarios)], separators=(",", ":"))
        if len(text) > LONGEST:
            problem = f"These scenarios are longer than a link can be ({LONGEST:,} characters); remove one of them."
            raise Invalid("form", {"state": [problem]})
        return text


def read_scenarios(text: str | None) -> ScenarioSet:
    """Scenarios as ``text`` wrote them.

    Raises:
        Invalid: It is something else.
    """
    if not text:
        return ScenarioSet()
    try:
        content: list[Any] = json.loads(text) if len(text) <= LONGEST else [0]
        at, *parts = content
        scenarios = [
            NamedScenario(name=str(name)[:60], edits=dict(edits), investment=float(next(iter(rest), 0.0)))
            for name, edits, *rest in parts
        ]
        return ScenarioSet(scenarios=scenarios[:MOST], at=range(len(scenarios))[:MOST][int(at)])
    except (ValueError, TypeError, IndexError, RecursionError):
        problem = "This link holds no scenarios that can be read; remove what-if from the address."
        raise Invalid("form", {"state": [problem]}) from None
