"""What can be planned: ports, storages, processes and given loads, each with its variables and rules."""
