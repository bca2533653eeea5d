"""A what-if of a site in a notebook: sliders of limits, prices and loads, each move planned again."""

from typing import Any

import numpy as np
import panel as pn
import param

from components.component import Component
from components.what_if.comparison import ComparedPlan, PlanComparison
from engine.errors import EngineError
from engine.explain.changes.edits import PriceEdit, SiteEdits
from engine.schedulers.storage_scheduler import LiveProblem
from engine.site import Site


class ScenarioSliders(Component):
    """Plans a site again whenever one of its parameters changes, and draws the new plan over the first one."""

    site = param.ClassSelector(class_=Site, constant=True, doc="What is planned.")
    price_factor = param.Number(default=1.0, bounds=(0.0, 3.0), doc="What prices of energy are multiplied with.")
    price_more = param.Number(default=0.0, bounds=(-1.0, 1.0), doc="What is added then [currency/kWh].")
    limits = param.Dict(default={}, doc="By how much limits rise, such as battery.soc-max [kW or kWh].")
    loads = param.Dict(default={}, doc="What loads are multiplied with, by name.")
    currency = param.String(default="EUR", constant=True, doc="What costs are counted in.")
    zone = param.String(default="UTC", constant=True, doc="IANA name of the zone times are written in.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")
    problem = param.String(default="", constant=True, doc="Why there is no plan; empty where there is one.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._live, self._site = LiveProblem(), site_of(self.site)
        self._before = ComparedPlan(
            site=self._site, schedule=self._live.solve(self._site), currency=self.currency, zone=self.zone
        )
        self._shown = PlanComparison(before=self._before, after=self._before, dark=self.dark)

    @property
    def after(self) -> ComparedPlan:
        """The plan as it would be."""
        return self._shown.after or self._before

    def __panel__(self) -> pn.viewable.Viewable:
        sliders: list[Any] = [
            pn.widgets.FloatSlider.from_param(self.param.price_factor, name="Prices, factor", step=0.01),
            pn.widgets.FloatSlider.from_param(self.param.price_more, name=f"Added to prices [{self.currency}/kWh]"),
        ]
        for store in (device for device in self._site.devices if device.energy_bounds):
            size = float(np.max(store.energy_bounds["soc-max"]))
            if np.isfinite(size):
                name = f"{store.name}.soc-max"
                slider = pn.widgets.FloatSlider(name=f"{store.name}, more capacity [kWh]", start=-size, end=2 * size)
                slider.param.watch(
                    lambda event, limit=name: self.param.update(limits={**self.limits, limit: event.new}), "value"
                )
                slider.value = float(self.limits.get(name, 0.0))
                sliders.append(slider)
        notice = pn.pane.Str(self.param.problem)
        return pn.Column(pn.FlexBox(*sliders), notice, self._shown, sizing_mode="stretch_width")

    @param.depends("price_factor", "price_more", "limits", "loads", watch=True)
    def plan(self) -> None:
        """Plan the site as the parameters say."""
        edits = SiteEdits(
            limits=self.limits,
            prices=(PriceEdit(factor=self.price_factor, more=self.price_more),),
            loads=self.loads,
        )
        try:
            site = edits.on(self._site)
            schedule = self._before.schedule if site is self._site else self._live.solve(site)
        except EngineError as error:
            with param.edit_constant(self):
                self.problem = str(error)
            return
        with param.edit_constant(self):
            self.problem = ""
        self._shown.after = ComparedPlan(site=site, schedule=schedule, currency=self.currency, zone=self.zone)

    @param.depends("dark", watch=True)
    def _recolour(self) -> None:
        self._shown.dark = self.dark


def site_of(site: Site | None) -> Site:
    """The site; without one there is nothing to plan."""
    if site is None:
        raise ValueError("ScenarioSliders needs a site; pass it as ScenarioSliders(site=...).")
    return site
