"""The server that pages and API stand on: what holds for every request, and where we reach into the libraries below."""
