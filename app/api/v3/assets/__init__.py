"""Endpoints about assets, sensors and their annotations, copies and templates."""
