"""The pure part: units, flexible devices, plans, forecasts and reports over arrays. No web, no database, no clock."""
