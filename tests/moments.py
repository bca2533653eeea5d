"""Moments drawn at random."""

from datetime import UTC, datetime

from hypothesis import strategies as st


def within(first: int, end: int) -> st.SearchStrategy[datetime]:
    """Return what draws moments, in UTC, from the start of one year to that of another."""
    start = datetime(first, 1, 1, tzinfo=UTC)
    return st.timedeltas(start - start, datetime(end, 1, 1, tzinfo=UTC) - start).map(lambda later: start + later)
