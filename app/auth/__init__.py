"""Who is asking and what they may do: logins, tokens, access, and protection against whoever may not."""
