"""The templates of pages; whatever is put into them is escaped, unless it is HTML of our own (``Markup``)."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.fragments.visit import address
from app.login.forms import STATIC

FOLDER = Path(__file__).with_name("templates")


@cache
def environment() -> Environment:
    """The templates of this folder."""
    known = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, auto_reload=False,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    known.globals |= {"address": address, "asset": static_file}
    return known


def render(template: str, **shown: Any) -> Markup:
    """HTML of a template, by its name without ending."""
    html = environment().get_template(f"{template}.html").render(shown)
    return Markup(html)  # nosec B704  # noqa: S704 - autoescape=True of the environment above escaped each value


def static_file(name: str) -> str:
    """Address of a file below ``assets-static``; it changes with its content, so that browsers may keep the file."""
    return address(f"/assets-static/{name}?v={file_print(name)}")


@cache
def file_print(name: str) -> str:
    """Short print of a file below ``assets-static``, which changes with it."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def note(text: str, severity: str = "info") -> Markup:
    """Box with a sentence; ``severity`` is info, success, warning or error."""
    return Markup('<div class="note {}" role="alert">{}</div>').format(severity, text)


def digest(html: str) -> str:
    """Short print of some HTML, which changes with it."""
    return sha256(html.encode()).hexdigest()[:16]
