"""What is chosen in the address of a page: filters above a table, and the pages of long ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.fragments.templates import render
from app.fragments.visit import Visit


@dataclass(frozen=True, kw_only=True)
class Filter:
    """One field of a filter; the page is shown anew when it is changed."""

    name: str
    """Of the argument in the address."""
    label: str
    value: str = ""
    """In the address; empty: nothing is left out."""
    options: Mapping[str, str] | None = None
    """Text → value, to choose from; None: words are typed."""
    offered_by: str = ""
    """Part of the page with the options of a long list, which is asked for when somebody comes to the field."""
    text: str = ""
    """Text of the chosen option of such a list."""


def filter_bar(filters: Sequence[Filter], *, part: str = "") -> Markup:
    """Filters beside each other.

    Args:
        filters: The fields.
        part: Part of the page that they change; empty: all of it.
    """
    return render("filters", filters=filters, part=part)


def long_list(options: Mapping[str, str | int]) -> Markup:
    """Options of a long list: text → value."""
    option = Markup('<option value="{}" data-key="{}"></option>')
    return Markup("").join(option.format(text, value) for text, value in options.items())


def page_links(visit: Visit, page: int, pages: int, *, name: str = "page") -> Markup:
    """Links to the page before and behind one of a long table; nothing where there is only one.

    Args:
        visit: The request.
        page: The page that is shown, from 1.
        pages: How many there are.
        name: Of the argument in the address.
    """
    links = {"before": page - 1 if page > 1 else 0, "behind": page + 1 if page < pages else 0}
    hrefs = {
        word: visit.href(**{name: number if number > 1 else ""}) if number else "" for word, number in links.items()
    }
    return render("page_links", page=page, pages=pages, name=name, **hrefs) if pages > 1 else Markup("")
