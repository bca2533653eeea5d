"""How a schedule is carried out: what is left around it, and what is handed down to devices that meet other loads."""
