"""A demo site with real data, and the toy account of the tutorials."""
