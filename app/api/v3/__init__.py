"""The endpoints of version 3, by resource; each module ends with its route table."""
