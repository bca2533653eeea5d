"""Rows of work: jobs and their states, automations, alerts, and which process leads."""
