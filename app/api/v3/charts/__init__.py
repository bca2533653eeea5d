"""Endpoints that describe charts for other people's pages."""
