"""How near a schedule is to the best possible one, in words."""

import pytest

from app.assemble.schedule_facts import nearness


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (0.0, "the best possible"),
        (1e-7, "the best possible"),
        (0.003, "within 0.3 % of the best possible"),
        (0.0412, "within 4.1 % of the best possible"),
        (None, "a valid schedule; how near it is to the best possible is not known"),
        (float("inf"), "a valid schedule; how near it is to the best possible is not known"),
    ],
)
def test_a_gap_is_told_in_words(gap, words):
    assert nearness(gap) == words
