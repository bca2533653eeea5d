"""Walks over piecewise linear functions drawn at random: every kink, edge and target is the true one."""

import numpy as np
import pytest

from engine.explain.best_cost.value_function import Line, breakpoints, edge, reach_target


def convex(rng, pieces=6):
    """Return a convex function as the highest of some lines, and the lines."""
    slopes = np.sort(rng.uniform(-3, 3, pieces))
    kinks = np.sort(rng.uniform(0.5, 9.5, pieces - 1))
    values = [0.0]
    for at in range(pieces - 1):
        values.append(values[-1] + (slopes[at] - slopes[at + 1]) * kinks[at])
    lines = np.array([slopes, values])

    def evaluate(at):
        here = lines[0] * at + lines[1]
        best = int(rng.choice(np.flatnonzero(here >= here.max() - 1e-12)))  # at a kink any of its lines
        return Line(at, float(here[best]), float(lines[0][best]))

    return evaluate, kinks


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("sign", [1, -1])
def test_breakpoints_are_the_kinks(seed, sign):
    evaluate, kinks = convex(np.random.default_rng(seed))

    def turned(at):
        line = evaluate(at)
        return Line(at, sign * line.value, sign * line.slope)

    points = breakpoints(turned, 0.0, 10.0)
    np.testing.assert_allclose([point.at for point in points], [0.0, *kinks, 10.0], atol=1e-7)


def test_a_steep_line_at_an_end_does_not_end_the_walk():
    def evaluate(at):
        return Line(at, abs(at - 2.0), -1e9 if at == 0.0 else (1.0 if at > 2.0 else -1.0))

    assert [point.at for point in breakpoints(evaluate, 0.0, 10.0)] == pytest.approx([0.0, 2.0, 10.0])


def test_a_point_is_its_own_curve():
    assert breakpoints(lambda at: Line(at, 1.0, 0.0), 3.0, 3.0) == [Line(3.0, 1.0, 0.0)]


@pytest.mark.parametrize("seed", range(30))
def test_the_edge_is_where_the_held_cost_leaves_the_best_one(seed):
    rng = np.random.default_rng(seed)
    leaves = float(rng.uniform(0.5, 9.0))
    # f is the lowest of all plans; g of those with the choice, without the plans that win from some price on.
    slopes = np.sort(rng.uniform(0.0, 2.0, 4))[::-1]
    kinks = np.sort(rng.uniform(0.1, 0.9, 3)) * leaves
    values = np.concatenate([[0.0], np.cumsum(-np.diff(slopes) * kinks)])

    def held(at):
        here = slopes * at + values
        best = int(np.argmin(here))
        return Line(at, float(here[best]), float(slopes[best]))

    def free(at):
        other = held(leaves).value + (slopes[-1] - 0.7) * (at - leaves)
        here = held(at)
        return here if here.value <= other else Line(at, other, float(slopes[-1] - 0.7))

    found = edge(free, held, 0.0, 10.0)
    assert found.exact
    assert found.at == pytest.approx(leaves, abs=1e-8)


@pytest.mark.parametrize("seed", range(10))
def test_a_target_is_met_exactly_and_not_before(seed):
    rng = np.random.default_rng(seed)
    evaluate, _ = convex(rng)
    lowest = min((evaluate(at) for at in np.linspace(0, 10, 2001)), key=lambda line: line.value)
    target = 0.5 * (evaluate(0.0).value + lowest.value)
    if lowest.at == 0.0:
        assert reach_target(evaluate, evaluate(0.0).value, 10.0).at == 0.0
        return
    found = reach_target(evaluate, target, lowest.at)
    assert found.value == pytest.approx(target, abs=1e-8)
    assert evaluate(found.at * (1 - 1e-6)).value > target
    assert reach_target(evaluate, lowest.value - 1.0, lowest.at) is None
