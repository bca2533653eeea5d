"""How people and programs sign in: forms, second factor, single sign-on, sessions, OAuth2."""
