"""Tab Graphs of an asset: the numbers of its latest schedule, and its charts."""

from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.assemble.showing import SensorChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.tables import cards
from app.fragments.tabs import TextTab
from app.fragments.templates import note
from app.fragments.visit import Visit
from app.pages.asset import graph_editor
from app.pages.asset.graph_editor import Editable, previewed
from app.pages.charts import chart_data, graphs
from app.pages.charts.annotations import AnnotationTarget, annotation_forms
from app.pages.charts.chart_data import ChartSubject, refusable
from app.pages.charts.stack import ChartTools, charts_html
from app.pages.plan import plan_cards
from app.pages.plan.plan_cards import BEFORE_ROWS, LatestSchedule
from db import listing
from db.assets import Asset
from db.core.database import get

NO_SENSORS = (
    "This asset has no sensors yet. Add one on the Context tab, with 'flexscope add sensor --asset {id} …' on the "
    "server, or with POST /api/v3_0/sensors. To show sensors of other assets here, choose them with 'Edit graphs'."
)
FORMS = {**annotation_forms(Asset), "save-graphs": graph_editor.SAVING}


@dataclass(frozen=True, kw_only=True)
class GraphsContent:
    """Content of the tab."""

    asset: Asset
    plan: list[SensorChart]
    latest: LatestSchedule | None
    is_older: bool
    """Whether there are schedules only of a version that kept nothing but their values."""
    may_annotate: bool
    may_edit: bool
    editable: Editable | None
    """What the graph editor begins with; None: it is closed."""


def read_graphs(visit: Visit, session: Session, principal: SignedIn) -> GraphsContent:
    """Latest schedule of the asset in the address, and its charts; their values are asked for alone."""
    asset = get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    latest = plan_cards.latest_schedule(session, principal, asset.id, as_of=datetime.now(UTC))
    plan, may_edit = graphs.charts_of_asset(session, asset), access.may(principal, "update", asset)
    is_open = may_edit and "edit" in visit.query
    return GraphsContent(
        asset=asset,
        plan=plan,
        latest=latest,
        is_older=latest is None and listing.has_schedule(session, [asset.id]),
        may_annotate=access.may(principal, "create-children", asset),
        may_edit=may_edit,
        editable=graph_editor.read_editable(session, principal, asset, plan) if is_open else None,
    )


def show_graphs(visit: Visit, content: GraphsContent) -> Markup:
    """Cards of the schedule and charts, as HTML."""
    shown = note(BEFORE_ROWS) if content.is_older else Markup("")
    if content.latest:
        kpis = plan_cards.schedule_cards(content.latest, visit.principal.timezone)
        shown += cards(kpis.items, title=kpis.title)
    done = f"{visit.path}?tab=graphs"
    if content.editable:
        shown += graph_editor.editor_html(content.editable, done=done)
    if not content.plan and not content.editable:
        edit = Markup('<a class="plain" href="{}&edit=1">Edit graphs</a>').format(done) if content.may_edit else ""
        return shown + note(NO_SENSORS.format(id=content.asset.id)) + edit
    tools = ChartTools(
        sensors=[key for chart in content.plan for key in chart.sensors],
        form=FORMS["annotate"] if content.may_annotate else None,
        edit=f"{done}&edit=1" if content.may_edit and not content.editable else "",
    )
    return shown + charts_html(visit, "graphs", tools)


@refusable
def read_values(visit: Visit, session: Session, principal: SignedIn) -> bytes:
    """Values of the charts of the asset in the address."""
    asset = get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    plan = previewed(visit.query["plan"]) if "plan" in visit.query else graphs.charts_of_asset(session, asset)
    target = AnnotationTarget(kind=Asset, id=asset.id, sensors=[key for chart in plan for key in chart.sensors])
    return chart_data.read_values(ChartSubject(plan=plan, target=target), visit, session, principal)


TAB = TextTab(read=read_graphs, show=show_graphs, forms=lambda _visit, _content: FORMS)
