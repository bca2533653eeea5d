"""The REST API: addresses, and below them how requests are handled (http) and what they do (v3)."""
