"""The configured database, ready to work on."""

from app.settings import settings as app_settings
from app.settings.settings import Settings
from db import migrations
from db.core import private_files
from db.core.database import Database
from db.core.faults import Unavailable
from engine.errors import InputError


def opened(settings: Settings) -> Database:
    """Return the configured database with all tables; an empty one gets them now.

    Whatever file this process makes from then on is its owner's only.

    Raises:
        InputError: The database does not answer, or its tables are of another version than this program.
    """
    private_files.begin()
    database = app_settings.database(settings)
    try:
        at = migrations.current(settings.SQLALCHEMY_DATABASE_URI)
    except Unavailable as error:
        database.close()
        reason = str(getattr(error.__cause__, "orig", error.__cause__)).splitlines()[0]
        raise InputError(
            f"The database {database.url.render_as_string(hide_password=True)} does not answer "
            f"({reason}); start it, or correct SQLALCHEMY_DATABASE_URI."
        ) from None
    newest = migrations.head()
    if at is None:
        migrations.upgrade(settings.SQLALCHEMY_DATABASE_URI)
    elif at != newest:
        database.close()
        raise InputError(f"The database is at revision {at}, this program needs {newest}; run 'flexscope db upgrade'.")
    return database
