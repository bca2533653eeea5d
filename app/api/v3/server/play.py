"""What only a server for simulations does (mode play): put everything back to where it began."""

from typing import Annotated, Any

from pydantic import Field

from app.api.http.errors import ApiError
from app.api.http.route import Call, post, put
from app.auth.access import access
from app.usecases.fields import Body
from db.exchange import dump


class Backup(Body):
    """What to go back to."""

    backup: Annotated[str, Field(max_length=100, pattern=r"^[\w-]*$", description="Name of a backup")] = ""


def restore_data(call: Call, body: Backup) -> dict[str, Any]:
    """Put the database back to a backup; for admins of a server in play mode."""
    settings = call.running.settings
    if "admin" not in call.user.roles:
        raise access.NotAllowed("update", "the data of this whole server")
    if not settings.is_playing:
        raise ApiError(404, "NOT_FOUND", "This server does not play: it has no backups to go back to.")
    if not body.backup:
        raise ApiError(400, "NO_BACKUP", "backup: name the backup to go back to.")
    file = settings.FLEXSCOPE_INSTANCE_PATH / settings.FLEXMEASURES_DB_BACKUP_PATH / f"{body.backup}.dump"
    if not file.is_file():
        told = f"backup: there is none called {body.backup!r}; make one with 'flexscope db-ops dump --file'."
        raise ApiError(400, "UNRECOGNIZED_BACKUP", told)
    dump.restore(settings.SQLALCHEMY_DATABASE_URI, file, replace=True, keep_logins=True)  # so who plays can go on
    return {"status": "PROCESSED", "message": f"Request has been processed. Database restored to {body.backup}."}


QUIETLY: dict[str, Any] = {"saves": False, "pool": "heavy", "documented": False}
"""The transaction of the request must hold nothing that the restoring waits for."""
ROOT = [put("/restoreData", restore_data, **QUIETLY), post("/restoreData", restore_data, **QUIETLY)]
