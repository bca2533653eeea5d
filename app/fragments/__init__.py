"""Pages as HTML made on the server: the frame around them, what stands inside of it, and what its forms do."""
