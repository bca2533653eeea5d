"""Lists: plain without ``page``, in an envelope with it; filtered and sorted alike."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.usecases.fields import HYPHENS, Query
from app.usecases.inputs import Invalid
from db import listing
from db.listing import Column
from engine.errors import nearest

Row = TypeVar("Row")


class Paging(Query):
    """Which part of a list to give, and in which order."""

    model_config = HYPHENS

    page: Annotated[int | None, Field(ge=1, le=2**31, description="Page, from 1; without it all as a plain list")] = (
        None
    )
    per_page: Annotated[int, Field(ge=1, le=10_000, description="Rows of a page")] = 10
    filter: Annotated[str, Field(max_length=500, description="Words that must occur, or an id; quote phrases")] = ""
    sort_by: Annotated[str | None, Field(description="Column to sort by")] = None
    sort_dir: Literal["asc", "desc"] = "asc"


def list_page(
    session: Session,
    rows: Select[Row],
    page: Paging,
    *,
    documents: Callable[[list[Row]], list[dict[str, Any]]],
    searched: list[Column],
    sorts: Mapping[str, Column],
) -> Any:
    """Return rows as a plain list, or with ``page`` as ``{data, num-records, filtered-records}``.

    Args:
        session: To read with.
        rows: All rows the principal may see; the first of ``sorts`` is their order where none is wanted.
        page: What was asked for.
        documents: Turns rows into what is sent.
        searched: Text columns that ``filter`` looks at.
        sorts: Columns to sort by, under the names clients use; the first is the id.
    """
    identifier = next(iter(sorts.values()))
    if page.sort_by is not None and page.sort_by not in sorts:
        raise Invalid("query", {"sort-by": [f"cannot sort by {page.sort_by!r}; {nearest(page.sort_by, list(sorts))}"]})
    column = identifier if page.sort_by is None else sorts[page.sort_by]
    found = rows.where(listing.matching(page.filter, searched, identifier))
    found = found.order_by(column.desc() if page.sort_dir == "desc" else column)
    if page.sort_by is not None:
        found = found.order_by(identifier)  # rows of equal values stay in place from page to page
    if page.page is None:
        return documents(list(session.scalars(found).unique()))
    total, matching = _count(session, rows), _count(session, found)
    part = found.offset((page.page - 1) * page.per_page).limit(page.per_page)
    data = documents(list(session.scalars(part).unique()))
    return {"data": data, "num-records": total, "filtered-records": matching}


def _count(session: Session, rows: Select[Any]) -> int:
    # The order counts for nothing here, and a database would sort for it.
    return session.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0
