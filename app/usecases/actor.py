"""In whose name something is done: a signed-in user's, or that of the operator at the server's own terminal."""

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.access import Action, Guarded
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.settings.settings import Settings
from app.usecases.inputs import Model, read_input
from db import sources
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset
from db.core import audit
from db.core.audit import By
from db.core.database import Table
from db.sources import Source


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, when, and on a server with which settings."""

    principal: SignedIn | None
    """The signed-in user; None: the operator, who may do everything that the rules allow."""
    settings: Settings
    now: datetime
    """When it was asked for, in UTC: the belief time of everything that is done."""

    @property
    def by(self) -> By:
        """Id and name for the audit log."""
        if self.principal is not None:
            return self.principal.id, self.principal.username
        try:
            return None, f"operator {getpass.getuser()}"
        except (KeyError, OSError):  # a container may run under a number that has no name
            return None, "operator"

    @property
    def user_id(self) -> int | None:
        """Id of the user; None of the operator."""
        return self.principal.id if self.principal is not None else None

    @property
    def is_admin(self) -> bool:
        """Whether everything on the server may be changed."""
        return self.principal is None or "admin" in self.principal.roles

    @property
    def timezone(self) -> str:
        """Zone in which the actor thinks; that of the server for the operator."""
        return self.principal.timezone if self.principal is not None else self.settings.FLEXMEASURES_TIMEZONE

    def may(self, action: Action, row: Guarded) -> bool:
        """Return whether the actor may do something with a row."""
        return self.principal is None or access.may(self.principal, action, row)

    def check(self, action: Action, row: Guarded) -> None:
        """Raise NotAllowed unless the actor may do something with a row."""
        if self.principal is not None:
            access.check(self.principal, action, row)

    def read(self, model: type[Model], fields: Mapping[str, Any]) -> Model:
        """Input of a use case from fields that the actor wrote; see ``app.usecases.inputs.read_input``."""
        return read_input(model, fields, self.settings)

    def references(self, session: Session) -> References:
        """Resolver of the ids that the actor writes into requests."""
        return References(session, self.principal)

    def source(self, session: Session) -> Source:
        """Return the source that stands for the actor in recorded data."""
        if self.principal is None:
            # By the name of the login, so that two people at terminals are two sources.
            return sources.named(session, self.by[1], type="script")
        who = self.principal
        return sources.of_user(session, who.id, name=who.username, account_id=who.account_id)

    def record(self, session: Session, sentence: str, row: Account | User | Asset, *, of: Table | None = None) -> None:
        """Add what was done with a row to the audit log.

        Args:
            session: The session that does it.
            sentence: What was done.
            row: What it concerns.
            of: The row that was changed, where it is another one that belongs to it.
        """
        account_id = row.id if isinstance(row, Account) else row.account_id
        about: audit.About = {"account_id": account_id}
        if isinstance(row, User):
            about["user_id"] = row.id
        elif isinstance(row, Asset):
            about["asset_id"] = row.id
        audit.note(session, sentence, at=self.now, by=self.by, of=of, **about)
