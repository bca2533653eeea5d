"""Files of reports: config and parameters in JSON or YAML, and values in CSV, Excel or PDF."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from app.assemble.files.posted import Posted
from app.cli.commands.assets import json_object
from engine.errors import FieldError
from engine.reporting.pages import table_pages

LARGEST_FILE = 1_000_000
"""Largest file of a config or of parameters [bytes]."""


RESOLVERS = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
"""What plain texts of YAML are read as, but for times."""


class PlainLoader(yaml.SafeLoader):
    """YAML as JSON is read: what looks like a time stays a text, and no alias stands for a text that is very long."""

    yaml_implicit_resolvers = RESOLVERS

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Node of the text; an alias is refused."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read; write it out")
        return super().compose_node(parent, index)


def read_object(file: Path, field: str) -> dict[str, Any]:
    """Object in a JSON or YAML file; hyphens and underscores in names are the same.

    Raises:
        FieldError: There is none in it.
    """
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise FieldError(field, f"{file} has more than {LARGEST_FILE} bytes.")
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise FieldError(field, f"{file} is no text.") from None
    if text.lstrip()[:1] in ("{", "["):
        read = json_object(text, field)
    else:
        try:
            read = PlainLoader(text).get_single_data() or {}
        except (yaml.YAMLError, RecursionError) as error:
            reason = " ".join(str(error).split())[:200]
            raise FieldError(field, f"{file} is neither JSON nor YAML ({reason}).") from None
        if not isinstance(read, dict):
            raise FieldError(field, f"{file} holds no fields; write them like 'method: sum'.")
    return {str(name).replace("-", "_"): value for name, value in read.items()}


def report_table(pieces: list[Posted]) -> "pd.Series[float]":
    """Values of a report by the start of each event."""
    events = np.concatenate([np.empty(0, np.int64), *(one.events for one in pieces)])
    values = np.concatenate([np.empty(0), *(one.values for one in pieces)])
    return pd.Series(values, pd.DatetimeIndex(events.view("datetime64[us]"), tz="UTC"))


def write_table(table: "pd.Series[float]", file: Path, *, title: str, unit: str, place: str) -> None:
    """Write values to a file whose ending says its kind: .xlsx, .pdf, or CSV for all else.

    Excel and PDF have times on the clock of the place, CSV has them in UTC.
    """
    ending = file.suffix.lower()
    if ending not in (".xlsx", ".pdf"):
        table.to_csv(file, index_label="event_start", header=["event_value"])
        return
    local = table.tz_convert(place)
    if ending == ".pdf":
        lines = [f"{moment:%Y-%m-%d %H:%M %z}  {value:>16,.4f}" for moment, value in local.items()]
        file.write_bytes(table_pages(title, f"{'Start':<24}{f'[{unit}]':>16}", lines))
        return
    frame = local.rename(f"value [{unit}]").tz_localize(None).to_frame()  # Excel knows no zones
    frame.to_excel(file, sheet_name="report", index_label=f"start ({place})")
