"""Icons of the frame: drawn for this project, by their names in Material; others come from Material's own font."""

from markupsafe import Markup

STROKES = {
    "dashboard": "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z",
    "electrical_services": "M3 7h5a4 4 0 0 1 4 4v2a4 4 0 0 0 4 4h1M17 14h3M17 20h3M17 14v6a3 3 0 0 1 0-6z",
    "schedule": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7v5l4 2",
    "notifications": "M6 17V11a6 6 0 0 1 12 0v6l2 1H4zM10 20h4M12 3v2",
    "group": "M9 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6M3 19c0-7 12-7 12 0M16 5.5a3 3 0 0 1 0 5M17 13.5c3 .5 4 2.5 4 5.5",
    "business": "M4 21V3h9v18M13 8h7v13M2 21h20M7 7h3M7 11h3M7 15h3M16 12h1M16 16h1",
    "monitor_heart": "M3 5h18v14H3zM3 12h5l2-4 3 8 2-4h6",
    "person": "M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8M4 20c0-8 16-8 16 0",
    "account_circle": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7a3 3 0 1 0 0 6a3 3 0 1 0 0-6M6 18c2-4 10-4 12 0",
    "logout": "M13 4H5v16h8M10 12h11M17 8l4 4-4 4",
    "help": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M9.5 9.5c0-3.5 5-3.5 5 0c0 2-2.5 2-2.5 4M12 16.5v.5",
    "gavel": "M4 20h9M13 4l7 7-3 3-7-7zM10 8l-6 6 2 2 6-6",
    "open_in_new": "M10 5H5v14h14v-5M13 4h7v7M20 4l-9 9",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "light_mode": "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2",
    "dark_mode": "M20 14A8.5 8.5 0 1 1 10 4a7 7 0 0 0 10 10z",
}
"""24 by 24."""
FONT = "/static/extensions/panel-material-ui/material-icons.css"
"""Style sheet of Material's font, which is loaded where a setting names another icon."""


def icon(name: str) -> Markup:
    """Icon in the colour of the text around it."""
    if name not in STROKES:
        return Markup('<span class="material-icons" aria-hidden="true">{}</span>').format(name)
    return Markup(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}" fill="none" stroke="currentColor"'
        ' stroke-width="1.7" stroke-linejoin="round" stroke-linecap="round"/></svg>'
    ).format(STROKES[name])
