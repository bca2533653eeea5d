"""Forms of pages as HTML; what they send is read by ``PageHandler``."""

import json

from markupsafe import Markup

from app.fragments.fields import Field
from app.fragments.page import PageForm
from app.fragments.templates import render


def form_html(word: str, form: PageForm, *, opener: str = "", locked: bool = False) -> Markup:
    """A form.

    Args:
        word: Of the form in the address.
        form: Its fields.
        opener: Label of a button that opens it; empty: it is open.
        locked: Whether it only shows values.
    """
    return render("form", word=word, form=form, opener=opener, locked=locked, key="", field_text=field_text)


def button_html(word: str, label: str, *, question: str = "", agree: str = "", typed: str = "") -> Markup:
    """A button that does something, after a question where there is one.

    Args:
        word: Of the form in the address.
        label: Its label.
        question: With what will happen.
        agree: Label of the button that agrees.
        typed: Word that has to be typed to agree; empty: none.
    """
    return render("button", word=word, label=label, question=question, agree=agree, typed=typed)


def field_text(field: Field) -> str:
    """Value of a field as a person writes it."""
    if field.kind in ("object", "list"):
        return json.dumps(field.value, indent=2, ensure_ascii=False) if field.value else ""
    if field.value is None or field.kind == "password":
        return ""
    return f"{field.value:g}" if field.kind == "number" else str(field.value)
