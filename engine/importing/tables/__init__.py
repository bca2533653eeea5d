"""The rows of files of any kind, batch by batch: CSV, sheets, Green Button XML."""
