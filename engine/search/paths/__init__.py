"""The cheapest path of the energy in one store: in numpy, and as machine code where numba is installed."""
