"""Schedules carried out step by step over past time: what was known at each moment is planned with, then settled."""
