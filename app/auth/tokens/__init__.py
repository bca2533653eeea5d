"""How programs prove who they are: tokens, access keys, OAuth2."""
