"""The pages of the signed-in user."""
