"""The page that asks for the mailed code."""

from dataclasses import replace
from datetime import UTC, datetime

from app.auth.login import cookies, second_factor
from app.auth.login.login import SignInPage
from app.auth.login.second_factor import DAY, DEVICE, FORM, PENDING, WRONG
from app.auth.login.sign_in import TooMany


class CodePage(SignInPage):
    """Asks for the code; only a browser whose password was right gets here."""

    def get(self) -> None:
        """Show the form."""
        if second_factor.pending(self) is None:
            self.lead_on("/login")
        else:
            self.show(FORM)

    async def post(self) -> None:
        """Sign in if the code is right."""
        known = second_factor.pending(self)
        if known is None:
            self.lead_on("/login")
            return
        user_id, serial, wanted = known
        code = self.get_body_argument("code", "")
        try:
            fits = await self.off_loop(second_factor.accept, self.running, user_id, code, datetime.now(UTC))
        except TooMany as error:
            self.set_header("Retry-After", str(error.seconds))
            self.show(replace(FORM, problem=str(error)), 429)
            return
        who = await self.off_loop(self.running.identities.find, user_id, serial) if fits else None
        if who is None:
            self.show(replace(FORM, problem=WRONG), 401)
            return
        cookies.drop(self, self.running, PENDING)
        days = self.running.settings.SECURITY_TWO_FACTOR_LOGIN_VALIDITY / DAY
        cookies.keep(self, self.running, DEVICE, f"{who.id}:{who.serial}", days=days)
        await self.let_in(who.id, who.serial, wanted)
