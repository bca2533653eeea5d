"""What a schedule lacked: sensors without values in one line, with a button that forecasts them; other warnings."""

import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from app.fragments.html_forms import button_html
from app.fragments.page import Done, PageForm
from app.fragments.templates import note
from app.fragments.threads import triggering
from app.fragments.visit import Visit
from app.pages.plan.content import PlanContent
from app.usecases.jobs.forecasts import ForecastTrigger, request_forecast

MISSING = re.compile(r"sensor (\d+) \((.+)\) has no value from (.+?); (.+)\.$")
"""How ``app.assemble.site.series`` words that a sensor lacks values."""


def missing_sensors(warnings: Sequence[str]) -> dict[int, tuple[str, str]]:
    """Id of each sensor without values → its name, and what was assumed."""
    found = [match for text in warnings if (match := MISSING.search(text))]
    return {int(match[1]): (match[2], match[4]) for match in found}


def warning_notes(content: PlanContent) -> Markup:
    """What was assumed where values lack in one line, and the other warnings below each other."""
    lacking = missing_sensors(content.warnings)
    others = [text for text in content.warnings if not MISSING.search(text)]
    html = Markup("")
    if lacking:
        names = ", ".join(f"{name} ({assumed})" for name, assumed in lacking.values())
        full = Markup("").join(Markup("<li>{}</li>").format(text) for text in content.warnings if MISSING.search(text))
        button = button_html("forecast", "Forecast these first") if content.may_plan else Markup("")
        html += Markup(
            '<div class="note warning" role="alert">Values are missing: {}. {}<details><summary>When</summary>'
            "<ul>{}</ul></details></div>"
        ).format(names, button, full)
    return html + Markup("").join(note(text, "warning") for text in others)


def forecast_form(content: PlanContent) -> PageForm:
    """The button that forecasts all sensors without values."""

    async def send(visit: Visit, _values: dict[str, Any]) -> Done:
        lacking, trigger = missing_sensors(content.warnings), ForecastTrigger()
        await triggering(
            lambda session, actor: [request_forecast(session, actor, sensor_id, trigger) for sensor_id in lacking],
            visit.principal,
        )
        return Done(text="Forecasts requested; run the schedule again once they are ready.")

    return PageForm(send=send)
