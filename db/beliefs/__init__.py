"""The belief store: sets of values as bytes of chunks; written, merged, read as known at a moment, rewritten."""
