"""Endpoints that ask for schedules, forecasts and reports, now or by automations, and follow the jobs."""
