"""Assets: from nothing, from templates, as copies; and to whom they belong."""
