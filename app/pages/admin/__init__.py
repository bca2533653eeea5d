"""Pages about accounts, users and oneself, alerts, the audit log and the server."""
