"""Version numbers that every answer of the API carries."""

from importlib.metadata import version

COMPATIBLE = "1.1.0"
"""The FlexMeasures version whose API this is; clients decide by it what they may ask for."""
API = "v3_0"
OWN = version("flexscope")
