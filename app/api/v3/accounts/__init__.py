"""Endpoints about accounts, users, their tokens, keys, secrets and choices, and the audit log."""
