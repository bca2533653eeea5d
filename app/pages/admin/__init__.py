"""Pages about accounts, users, alerts, the audit log and the server."""
