"""Endpoints about the server itself: health, documentation, alerts, and what only simulations do."""
