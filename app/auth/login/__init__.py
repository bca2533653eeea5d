"""How people prove who they are: forms, passwords, second factor, single sign-on, sessions."""
