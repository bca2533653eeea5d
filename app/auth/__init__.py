"""Who is asking and what they may do: passwords, tokens, access, and protection against whoever may not."""
