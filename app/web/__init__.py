"""The one server that pages and API stand in: what holds for every request."""
