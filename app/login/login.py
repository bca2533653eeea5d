"""The pages /login, /login/code and /logout, and where they lead."""

from dataclasses import replace
from datetime import UTC, datetime

from app.auth.access.identity import SignedIn
from app.auth.access.sign_in import SignInAttempt, TooMany, authenticate, begin_session
from app.login import cookies, second_factor, sessions
from app.login.forms import FormPage, Input, LoginForm
from db.accounts import sign_in
from db.core import audit

WRONG = "Wrong email or password. Try again."
LEAD = "When to run flexible assets, and why."


class SignInPage(FormPage):
    """A page at the end of which somebody may be signed in."""

    async def let_in(self, user_id: int, serial: int, wanted: str) -> None:
        """Begin a session of a user, whatever cookies the browser came with, and lead on to a page.

        Args:
            user_id: Who was found to be who they say.
            serial: The session serial then: what ended all logins since, ended this one that is under way.
            wanted: The page.
        """

        def begin() -> tuple[SignedIn, str] | None:
            with self.running.database.writing() as session:
                now = datetime.now(UTC)
                return begin_session(session, user_id, serial, address=self.network_address, agent=self.agent, now=now)

        begun = await self.off_loop(begin)
        if begun is None:
            self.lead_on("/login")
            return
        cookies.give(self, *begun, self.running)
        cookies.keep(self, self.running, cookies.KNOWN, str(user_id), days=cookies.KNOWN_DAYS)
        self.lead_on(wanted)


class Login(SignInPage):
    """The page that asks who you are."""

    def get(self) -> None:
        """Show the form."""
        self._ask("", "", 200)

    async def post(self) -> None:
        """Sign in and lead on to the page that was asked for, by way of a mailed code where one is needed."""
        # A password may begin or end with spaces.
        email, password = self.get_body_argument("email", ""), self.get_body_argument("password", "", strip=False)
        kept = cookies.kept(self, self.running, cookies.KNOWN, days=cookies.KNOWN_DAYS)
        browser = int(kept) if kept else None
        attempt = SignInAttempt(email=email, password=password, address=self.network_address, browser=browser)
        try:
            now, running = datetime.now(UTC), self.running
            outcome = await self.off_loop(authenticate, running.database, attempt, now, running.waiting)
        except TooMany as error:
            self.set_header("Retry-After", str(error.seconds))
            self._ask(str(error), email, 429)
            return
        if outcome.principal is None:
            self._ask(WRONG, email, 401)
        elif second_factor.is_needed(self, outcome.principal):
            await second_factor.ask(self, outcome.principal, self.wanted())
        else:
            await self.let_in(outcome.principal.id, outcome.principal.serial, self.wanted())

    def _ask(self, problem: str, email: str, status: int) -> None:
        settings = self.running.settings
        demo = settings.FLEXMEASURES_PUBLIC_DEMO_CREDENTIALS if settings.FLEXMEASURES_MODE == "demo" else []
        providers = settings.FLEXSCOPE_OIDC_PROVIDERS
        offered = [
            (f"Sign in with {each.get('label', name)}", f"/login/oidc/{name}") for name, each in providers.items()
        ]
        signup = settings.FLEXMEASURES_SIGNUP_PAGE
        asked_for = [("Ask for an account", signup)] if signup else []
        form = LoginForm(
            heading=settings.platform_name(),
            lead=LEAD,
            problem=problem,
            inputs=(
                Input("email", "Email", "email", "username", email),
                Input("password", "Password", "password", "current-password"),
            ),
            button="Sign in",
            hidden=(("next", self.wanted()),),
            links=(*offered, ("Forgot your password?", "/forgot-password"), *asked_for),
            note=f"This is a demo. Sign in as {demo[0]} with the password {demo[1]}." if len(demo) == 2 else "",
        )
        self.show(form, status)


class CodePage(SignInPage):
    """Asks for the code; only a browser whose password was right gets here."""

    def get(self) -> None:
        """Show the form."""
        if second_factor.pending(self) is None:
            self.lead_on("/login")
        else:
            self.show(second_factor.FORM)

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
            self.show(replace(second_factor.FORM, problem=str(error)), 429)
            return
        # Looked up anew: the logins of the user may have ended since the password was right.
        principal = await self.off_loop(self.running.identities.find, user_id, serial) if fits else None
        if principal is None:
            self.show(replace(second_factor.FORM, problem=second_factor.WRONG), 401)
            return
        cookies.drop(self, self.running, second_factor.PENDING)
        days = self.running.settings.SECURITY_TWO_FACTOR_LOGIN_VALIDITY / second_factor.DAY
        cookies.keep(self, self.running, second_factor.DEVICE, f"{principal.id}:{principal.serial}", days=days)
        await self.let_in(principal.id, principal.serial, wanted)


class Logout(FormPage):
    """Ends the session of this browser."""

    async def get(self) -> None:
        """End the session; if the link was on a page of another site, ask before."""
        # No page elsewhere may sign somebody out unasked; where older browsers do not tell, the link counts as typed.
        if self.request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin", "same-site"):
            await self.post()
        else:
            self.show(LoginForm(heading="Sign out?", button="Sign out"))

    async def post(self) -> None:
        """Take the cookie back, end the session, close the pages still open with it, and show the login page."""
        known = cookies.read(self, self.running)
        cookies.drop(self, self.running, cookies.COOKIE)

        def end(known: tuple[int, int, str]) -> None:
            principal, now = self.principal_of(known), datetime.now(UTC)
            with self.running.database.writing() as session:
                sign_in.end_session(session, known[2], now)
                if principal is not None:
                    by = (principal.id, principal.username)
                    audit.note(
                        session, "Signed out", at=now, by=by, account_id=principal.account_id, user_id=principal.id
                    )
            # After the commit: what is forgotten before could be read again as it was.
            self.running.identities.forget(known[0])

        if known:
            await self.off_loop(end, known)
            sessions.close_pages(self.application, lambda payload: payload == known)
        self.lead_on("/login")
