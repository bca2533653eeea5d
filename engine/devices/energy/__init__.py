"""What a device stores: bounds on its energy, those that it can reach, temperatures, and how its physics yields."""
