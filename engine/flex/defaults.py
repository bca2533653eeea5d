"""Prices of breaking limits that hold where none is given: site before stored energy before device before energy."""

SITE_BREACH_PRICE = 10_000.0
"""Default price of breaking a site's or group's one-way limit while it is relaxed [currency/kW]."""
SOC_BREACH_PRICE = 1_000.0
"""Default price of a stored energy outside its soft bounds while they are relaxed [currency/kWh]."""
DEVICE_BREACH_PRICE = 100.0
"""Default price of breaking a device's one-way limit once relaxed by name [currency/kW]."""
