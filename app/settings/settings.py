"""Every setting: type, default, meaning; read once at start. An unknown one stops the start.

A setting comes from the environment, else from the configuration file, else from its default. The file is the one that
``FLEXSCOPE_CONFIG`` names, else ``flexscope.cfg`` or ``flexmeasures.cfg`` in the instance folder; it holds lines such
as ``FLEXMEASURES_MODE = "demo"``, written as Python literals and never executed.
"""

import ast
import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_origin, get_type_hints

from app.settings.appearance import Appearance
from app.settings.bounds import Bounds
from app.settings.declaring import NO_EFFECT, no_effect_message, setting
from app.settings.operation import OperationSettings
from app.settings.protection import Protection
from engine.errors import FieldError, InputError, nearest
from engine.series.iso_time import LONGEST, duration, zone

if TYPE_CHECKING:  # the terminal reads settings too; it must not wait for SQLAlchemy to say --help
    from db.core.database import Database

LOG = logging.getLogger(__name__)
PREFIXES = ("FLEXSCOPE_", "FLEXMEASURES_")
READ_ELSEWHERE = {"FLEXSCOPE_VENV"}  # by panel-serve.sh and tests/run.sh


@dataclass(frozen=True, kw_only=True)
class Settings(Protection, Bounds, OperationSettings, Appearance):
    """All settings of one process; attribute names are the names of the settings."""

    FLEXMEASURES_ENV: str = setting("development", "development, testing or production (demands SECRET_KEY)")
    FLEXMEASURES_MODE: str = setting("", "demo (login page shows credentials), play, or empty")
    FLEXSCOPE_INSTANCE_PATH: Path = setting(Path("instance"), "Folder of database, secret key and queue files")
    FLEXSCOPE_CONFIG: str = setting("", "Configuration file; empty: flexscope.cfg in the instance folder, if there")
    LOGGING_LEVEL: str = setting("WARNING", "Threshold of the log: DEBUG, INFO, WARNING or ERROR")
    SQLALCHEMY_DATABASE_URI: str = setting("", "Database; empty: flexscope.db in the instance folder", hide="password")
    FLEXMEASURES_DB_BACKUP_PATH: Path = setting(Path("backups"), "Folder of restoreData, in the instance folder")
    SECRET_KEY: str = setting("", "Signs cookies and tokens; in development made once and kept", hide="whole")

    FLEXMEASURES_PUBLIC_DEMO_CREDENTIALS: list[str] = setting(
        [], "Email and password the login page shows in demo mode"
    )
    FLEXMEASURES_TIMEZONE: str = setting("Europe/Amsterdam", "Zone for new users, and of dates where none is given")
    FLEXMEASURES_HOSTS_AND_AUTH_START: dict[str, str] = setting(
        {"flexmeasures.io": "2021-01"}, "Host: first month its domain was owned; part of entity addresses"
    )

    FLEXMEASURES_ALLOW_DATA_OVERWRITE: bool = setting(False, "Whether values may be replaced at equal recording time")
    FLEXMEASURES_DEFAULT_DATASOURCE: str = setting("Flexscope", "Source name of computed data")
    FLEXMEASURES_PLANNING_HORIZON: timedelta = setting(timedelta(days=2), "Length of a schedule without a duration")
    FLEXMEASURES_MAX_PLANNING_HORIZON: int = setting(2520, "Longest schedule [steps of the power sensor]; 0: no limit")
    FLEXMEASURES_LP_SOLVER: str = setting("highspy", "highspy, or one that Pyomo knows: appsi_highs, glpk, cbc")
    FLEXMEASURES_LP_SOLVER_OPTIONS: dict[str, Any] = setting(
        {}, "Limits of a plan: time_limit [s of processor time; 20, 0: none], mip_rel_gap [share of the cost; 0.001]"
    )
    FLEXSCOPE_FALLBACK_SCHEDULER: bool = setting(False, "Whether a plain plan is saved where none keeps every limit")
    FLEXMEASURES_PLANNING_TTL: timedelta = setting(timedelta(days=7), "How long results of jobs stay addressable")

    FLEXMEASURES_MAX_SENSOR_DATA_INGESTION_BYTES: int = setting(3 * 2**20, "Largest JSON body of one request [bytes]")
    FLEXSCOPE_MAX_UPLOAD_BYTES: int = setting(200 * 2**20, "Largest uploaded file [bytes]")
    FLEXSCOPE_PATH_PREFIX: str = setting("", "Path the server is mounted at behind a proxy, such as /ems")
    FLEXSCOPE_ALLOWED_ORIGINS: list[str] = setting([], "host:port of other addresses pages are reached by (websocket)")

    @property
    def is_playing(self) -> bool:
        """Whether this server is for simulations."""
        return self.FLEXMEASURES_MODE == "play"


def load(env: Mapping[str, str] = os.environ) -> Settings:
    """Settings of this process, with the instance folder as an absolute path.

    Raises:
        InputError: A setting is unknown, cannot be read, or the file has a line that is no assignment of a literal.
    """
    kinds = get_type_hints(Settings)
    # A misspelt setting would be a default that nobody notices
    for name in env:
        if name in NO_EFFECT:
            LOG.warning(no_effect_message(name))
        elif name.startswith(PREFIXES) and name not in kinds and name not in READ_ELSEWHERE:
            raise InputError(f"There is no setting {name}; {nearest(name, sorted(kinds))}")
    texts = {name: _parse(name, env[name], kind) for name, kind in kinds.items() if name in env}
    instance = Path(texts.get("FLEXSCOPE_INSTANCE_PATH", Settings.FLEXSCOPE_INSTANCE_PATH)).absolute()
    named = str(texts.get("FLEXSCOPE_CONFIG", ""))
    if named and not Path(named).is_file():
        raise FieldError("FLEXSCOPE_CONFIG", f"there is no file {named}; name an existing one or unset it.")
    candidates = [Path(named)] if named else [instance / "flexscope.cfg", instance / "flexmeasures.cfg"]
    file = next((path for path in candidates if path.is_file()), None)
    written = _read_file(file, kinds) if file else {}
    return _checked(Settings(**{**written, **texts, "FLEXSCOPE_INSTANCE_PATH": instance}))


def _read_file(file: Path, kinds: dict[str, Any]) -> dict[str, Any]:
    """Return the settings a configuration file assigns."""
    try:
        statements = ast.parse(file.read_text("utf-8"), str(file)).body
    except SyntaxError as error:
        raise InputError(f"{file}, line {error.lineno}: not a setting; write it like NAME = 'value'.") from None
    found = {}
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue  # files made for FlexMeasures import timedelta
        name, value = _assignment(statement, file)
        if name in NO_EFFECT:
            LOG.warning(no_effect_message(name))
            continue
        if name not in kinds:
            raise InputError(f"{file}: there is no setting {name}; {nearest(name, sorted(kinds))}")
        found[name] = _parse(name, value, kinds[name])
    return found


def _assignment(statement: ast.stmt, file: Path) -> tuple[str, Any]:
    where = f"{file}, line {statement.lineno}"
    if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
        raise InputError(f"{where}: not a setting; write it like NAME = 'value'.")
    value = statement.value
    try:
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "timedelta":
            parts = {str(word.arg): ast.literal_eval(word.value) for word in value.keywords}
            return statement.targets[0].id, timedelta(**parts)
        return statement.targets[0].id, ast.literal_eval(value)
    except OverflowError:
        raise InputError(f"{where}: {TOO_LONG}") from None
    except (ValueError, TypeError):
        raise InputError(f"{where}: only literals and timedelta(days=…) can be read here.") from None


def _parse(name: str, given: Any, kind: Any) -> Any:
    """Return a given value in the type of its setting."""
    kind = kind if kind in PARSERS else get_origin(kind) or kind
    if given is None and kind not in FOR_ROLES:
        return kind()
    if kind not in FOR_ROLES and isinstance(given, kind) and not (kind is int and isinstance(given, bool)):
        return given
    try:
        return PARSERS[kind](given)
    except OverflowError:
        raise FieldError(name, TOO_LONG) from None
    except (ValueError, TypeError, SyntaxError, KeyError, InputError):
        shown = "It" if name in {each.name for each in fields(Settings) if each.metadata["hide"]} else repr(given)
        raise FieldError(name, f"{shown} cannot be read as {EXAMPLES[kind]}.") from None


def read_boolean(given: Any) -> bool:
    """Truth of a text such as ``yes`` or ``0``; a KeyError where it is neither."""
    return {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}[
        str(given).strip().lower()
    ]


def read_span(given: Any) -> timedelta:
    """Length of time of a number of seconds or an ISO 8601 text."""
    text = str(given).strip()
    if text.lstrip("+-").replace(".", "", 1).isdecimal():
        return timedelta(seconds=float(text))
    return duration(text, field="setting")


def _texts(given: Any) -> list[str]:
    if isinstance(given, str):
        return [part.strip() for part in given.split(",") if part.strip()]
    return [str(part) for part in given]


def _for_roles(given: Any) -> list[Any]:
    """Return entries, of which some are for the accounts with some roles only: (entry, [roles])."""
    if isinstance(given, str):
        given = ast.literal_eval(given) if given.lstrip()[:1] in ("[", "(") else _texts(given)
    entries: list[Any] = []
    for each in given or ():
        if isinstance(each, str):
            entries.append(each)
        else:
            entry, roles = each
            entries.append((str(entry), [roles] if isinstance(roles, str) else [str(role) for role in roles]))
    return entries


def read_name(given: Any) -> str | list[Any]:
    """One name, or entries of which some are for accounts with some roles only."""
    is_plain = isinstance(given, str) and given.lstrip()[:1] not in ("[", "(")
    return str(given) if is_plain else _for_roles(given)


TOO_LONG = f"a length of time must be from 0 to {LONGEST.days // 365} years."
FOR_ROLES = (list[Any], str | list[Any])
PARSERS: dict[Any, Any] = {
    FOR_ROLES[0]: _for_roles,
    FOR_ROLES[1]: read_name,
    bool: read_boolean,
    int: lambda given: int(str(given)),
    str: str,
    Path: Path,
    timedelta: read_span,
    list: _texts,
    dict: lambda given: dict(ast.literal_eval(given)),
}
EXAMPLES: dict[Any, str] = {
    FOR_ROLES[0]: "a list such as ['assets', ('dashboard', ['Prosumer'])]",
    FOR_ROLES[1]: "a text, or a list such as ['Sunny', ('Windy', ['Prosumer'])]",
    bool: "true or false",
    int: "a whole number",
    str: "a text",
    Path: "a path",
    timedelta: "a length of time such as PT6H, or seconds",
    list: "a list such as 'one, two'",
    dict: "a dictionary such as {'example.org': '2021-01'}",
}


def _checked(settings: Settings) -> Settings:
    """Return the settings once those with few choices are found to be one of them."""
    choices = {
        "FLEXMEASURES_ENV": ("development", "testing", "staging", "production"),
        "FLEXMEASURES_MODE": ("", "demo", "play"),
        "FLEXMEASURES_API_RATE_LIMIT_KEY": ("account", "user"),
        "FLEXSCOPE_LOG_FORMAT": ("text", "json"),
        "LOGGING_LEVEL": ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
    }
    for name, known in choices.items():
        if getattr(settings, name) not in known:
            raise FieldError(name, f"{getattr(settings, name)!r} is not one of {', '.join(map(repr, known))}.")
    for each in fields(Settings):
        # Moments are counted back by them, which a length beyond all years would end with a fault in each round.
        if isinstance(length := getattr(settings, each.name), timedelta) and not timedelta(0) <= length <= LONGEST:
            raise FieldError(each.name, TOO_LONG)
    for name, value in settings.FLEXMEASURES_LP_SOLVER_OPTIONS.items():
        if name not in ("time_limit", "mip_rel_gap") or not isinstance(value, int | float) or value < 0:
            problem = f"{name!r}: {value!r} is not a number 0 or more for time_limit or mip_rel_gap."
            raise FieldError("FLEXMEASURES_LP_SOLVER_OPTIONS", problem)
    tiles = settings.FLEXSCOPE_TILE_URL
    if tiles and not (tiles.startswith("http") and all(part in tiles for part in ("{x}", "{y}", "{z}"))):
        raise FieldError("FLEXSCOPE_TILE_URL", f"{tiles!r} is not an address such as https://…/{{z}}/{{x}}/{{y}}.png.")
    zone(settings.FLEXMEASURES_TIMEZONE)  # raises for what is none
    prefix = settings.FLEXSCOPE_PATH_PREFIX.strip("/")
    uri = settings.SQLALCHEMY_DATABASE_URI or f"sqlite:///{settings.FLEXSCOPE_INSTANCE_PATH / 'flexscope.db'}"
    # SQLAlchemy knows only the longer name of the scheme; hosters write the shorter one
    uri = uri.replace("postgres://", "postgresql://", 1)
    return replace(settings, SQLALCHEMY_DATABASE_URI=uri, FLEXSCOPE_PATH_PREFIX=f"/{prefix}" if prefix else "")


def database(settings: Settings) -> "Database":
    """Return the configured database; the folder of an SQLite file is made, its tables are not."""
    from db.core.database import Database

    uri, patience = settings.SQLALCHEMY_DATABASE_URI, settings.FLEXSCOPE_DATABASE_PATIENCE
    opened = Database(uri, patience=patience, bounds=settings.store_bounds)
    if opened.is_sqlite and opened.url.database:
        _make_folder(Path(opened.url.database).parent)
    return opened


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InputError(
            f"The folder {folder} cannot be made ({error.strerror}); set FLEXSCOPE_INSTANCE_PATH to one that can."
        ) from None


def secret_key(settings: Settings) -> str:
    """Return the key that signs cookies and tokens; in development it is made once and kept in the instance folder.

    Raises:
        InputError: There is none in production.
    """
    if settings.SECRET_KEY:
        return settings.SECRET_KEY
    file = settings.FLEXSCOPE_INSTANCE_PATH / "secret_key"
    if settings.FLEXMEASURES_ENV == "production":
        raise FieldError(
            "SECRET_KEY",
            "needed in production; set it to a long random text, such as the output of "
            "python -c 'import secrets; print(secrets.token_urlsafe(48))'.",
        )
    if not file.exists():
        _make_folder(file.parent)
        # As a draft first: of processes that start together the first link wins, and nobody reads half a key
        draft = file.with_name(f"secret_key.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, file)  # unlike a rename, never replaces a key already in use
        except FileExistsError:
            LOG.info("Another process made the secret key first; it is used.")
        draft.unlink()
    return file.read_text("ascii").strip()
