"""How one setting is declared, and those of FlexMeasures that change nothing here: they are told, and stop no start."""

from dataclasses import field
from typing import Any, Literal

OURS = "this server has one way to do it"
PAGES = "pages here are made in another way"
MAPBOX, SALT = "MAPBOX_ACCESS_TOKEN", "SECURITY_PASSWORD_SALT"
NO_EFFECT = {
    "FLEXMEASURES_API_SUNSET_ACTIVE": "ended versions of the API always answer 410",
    "FLEXMEASURES_API_SUNSET_DATE": "ended versions of the API always answer 410",
    "FLEXMEASURES_API_SUNSET_LINK": "ended versions of the API always answer 410",
    "FLEXMEASURES_CREATE_TEMPLATE_ASSETS_ON_STARTUP": "templates come with the server and need no assets",
    "FLEXMEASURES_DEFAULT_BOUNDING_BOX": "the map shows what there is, and the world where nothing is",
    "FLEXMEASURES_DEMO_YEAR": "the demo lies around today",
    "FLEXMEASURES_DO_NOT_SEND_NOTFOUND_TO_SENTRY": "what is not found is no error here",
    "FLEXMEASURES_FALLBACK_REDIRECT": "set FLEXSCOPE_FALLBACK_SCHEDULER for plain plans where none keeps every limit",
    "FLEXMEASURES_JSONEDITOR_THEME": PAGES,
    "FLEXMEASURES_JSON_COMPACT": "answers are compact",
    "FLEXMEASURES_JS_VERSIONS": "scripts come along with the server",
    "FLEXMEASURES_LEGACY_JOB_RESPONSES_ASSUME_THIS_CLIENT_VERSION": "answers suit older and newer clients",
    "FLEXMEASURES_LEGACY_JOB_RESPONSES_MAX_INCOMPATIBLE_CLIENT_VERSION": "answers suit older and newer clients",
    "FLEXMEASURES_PLUGINS": "plugins are found by their entry points once they are installed",
    "FLEXMEASURES_PLUGIN_PATHS": "plugins are found by their entry points once they are installed",
    "FLEXMEASURES_PROFILER_CONFIG": OURS,
    "FLEXMEASURES_REPORTER_VALIDATION_SKIP_METHODS": OURS,
    "FLEXMEASURES_SENTRY_DAILY_RATE_LIMIT": "limit it where Sentry runs",
    "FLEXMEASURES_SHOW_CONTROL_UI": PAGES,
    MAPBOX: "set FLEXSCOPE_TILE_URL for tiles of a server",
    "SECURITY_LOGIN_USER_TEMPLATE": PAGES,
    SALT: "passwords are hashed with argon2id, each with a salt of its own",
    "SECURITY_TRACKABLE": "logins are always recorded",
    "SQLALCHEMY_ENGINE_OPTIONS": OURS,
}


def setting(default: Any, meaning: str, *, hide: Literal["", "whole", "password"] = "") -> Any:
    """Declare one setting.

    Args:
        default: Its value where nobody gives one.
        meaning: What it does, in a few words.
        hide: What of its value must be in no log and no message: all of it, or the password of an address.
    """
    told = {"meaning": meaning, "hide": hide}
    # Dataclasses refuse a default that all of them would share and could change.
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata=told, repr=not hide)
    return field(default=default, metadata=told, repr=not hide)


def no_effect_message(name: str) -> str:
    """Return what to say of a setting without effect."""
    return f"{name} changes nothing here: {NO_EFFECT[name]}."
