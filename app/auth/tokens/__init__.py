"""What programs sign in with: tokens and access keys."""
