"""What was known when."""

import numpy as np
import pytest

from components.charts.traces import Trace
from components.replay.replay import History, Replay, ReplayedChart, moments
from engine.series.iso_time import to_us
from tests.components.samples import QUARTER, QUARTER_US, START

BEGIN = to_us(START)


def history(*beliefs: tuple[int, int, float], **facts) -> History:
    """Return a history of (event, moment of knowledge, value), both counted in quarters."""
    events, times, values = (np.array(column) for column in zip(*beliefs, strict=True))
    given = {"label": "Load", "unit": "kW", "step": QUARTER} | facts
    known = {"events": BEGIN + events * QUARTER_US, "known": BEGIN + times * QUARTER_US, "values": values * 1.0}
    return History(every=Trace(**known, **given))


TWICE = ((0, -2, 10), (0, -1, 11), (1, -2, 20), (1, 3, 21), (2, 2, 30))


@pytest.mark.parametrize(
    ("moment", "expected"), [(-3, []), (-2, [10, 20]), (-1, [11, 20]), (2, [11, 20, 30]), (9, [11, 21, 30])]
)
def test_the_newest_belief_until_the_moment_counts(moment, expected):
    assert history(*TWICE).known(BEGIN + moment * QUARTER_US).values.tolist() == expected


def test_the_moments_are_those_at_which_something_became_known():
    found = moments([history(*TWICE), history((5, 7, 1))])
    assert ((found - BEGIN) // QUARTER_US).tolist() == [-2, -1, 2, 3, 7]


def test_many_moments_are_thinned_and_both_ends_kept():
    found = moments([history(*((i, i, 1) for i in range(1000)))], most=50)
    assert len(found) == 50
    assert (found[0], found[-1]) == (BEGIN, BEGIN + 999 * QUARTER_US)


def test_playing_moves_lines_label_and_mark():
    shown = Replay(charts=[ReplayedChart("Load", [history(*TWICE)])], zone="Europe/Amsterdam")
    figure = shown.series._drawn[0].figure
    values = figure.renderers[0].data_source
    assert set(values.data["y"]) == {10, 20}  # it begins at the first moment, from where it plays
    shown.player.value = shown.player.end
    assert set(values.data["y"]) == {11, 21, 30}
    shown.player.value = 0
    assert set(values.data["y"]) == {10, 20}
    assert shown.series._drawn[0].view.moment.location == (BEGIN - 2 * QUARTER_US) / 1000
    assert "Sat 24 Oct 2026 01:30" in shown._label.object


def test_figures_stay_while_nothing_is_known_of_a_line():
    late = history((0, 5, 1), label="PV")
    shown = Replay(charts=[ReplayedChart("Load", [history(*TWICE)]), ReplayedChart("PV", [late])])
    figures = [drawn.figure for drawn in shown.series._drawn]
    shown.player.value = shown.player.end
    shown.player.value = 0
    assert [drawn.figure for drawn in shown.series._drawn] == figures
    assert len(figures[1].renderers[0].data_source.data["x"]) == 0


def test_without_any_belief_there_is_nothing_to_play():
    none = np.zeros(0, np.int64)
    empty = History(every=Trace(label="x", unit="kW", events=none, known=none, values=np.zeros(0), step=QUARTER))
    shown = Replay(charts=[ReplayedChart("x", [empty])])
    assert shown.player.disabled
    assert "nothing to replay" in shown._label.object


def test_the_axis_stands_still():
    shown = Replay(charts=[ReplayedChart("Load", [history(*TWICE)])])
    plot, player = shown.series.figures[0], shown.player
    span = (plot.y_range.start, plot.y_range.end)
    player.value = player.end
    assert (plot.y_range.start, plot.y_range.end) == span
    assert span[0] < 10 and span[1] > 30


def test_the_speed_is_written_beside_the_player():
    shown = Replay(charts=[ReplayedChart("Load", [history(*TWICE)])])
    assert ">10 moments a second<" in shown._label.object
    shown.player.interval = 400
    assert ">2.5 moments a second<" in shown._label.object
