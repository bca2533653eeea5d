"""Names of units as people write them, prefixes of the SI, and the currencies of ISO 4217.

A line holds all names of a unit; the first is the one that Pint knows it by. Where Pint lacks it or means something
else, what it is in terms of others follows behind ``=``, in the language of ``engine.units.grammar``.
"""

BASE = {
    "meter": "m", "gram": "g", "second": "s", "ampere": "A", "kelvin": "K", "mole": "mol", "candela": "cd",
    "bit": "bit", "radian": "", "count": "",
}  # fmt: skip
"""What Pint makes every unit of → what we call it; angles and counts are numbers."""

LEVELS = {
    "dB": "dB",
    "decibel": "dB",
    "decibels": "dB",
    "dBm": "dBm",
    "decibelmilliwatt": "dBm",
    "decibelmilliwatts": "dBm",
}
"""Levels in powers of ten, which are written in themselves only."""

WITH_PREFIX = """
m meter metre
g gram gramme
s sec second
A amp ampere
K kelvin
mol mole
cd candela
bit
B byte
N newton
Pa pascal
bar
J joule
eV electron_volt electronvolt
cal calorie
W watt
Wp watt_peak = W
Wh watthour watt_hour
VA volt_ampere
var volt_ampere_reactive = W
VAh = Wh
varh = Wh
C coulomb
Ah ampere_hour
V volt
ohm Ω Ω
S siemens
F farad
Wb weber
T tesla
H henry
Hz hertz
Bq becquerel
lm lumen
lx lux
Gy gray
Sv sievert
l L ℓ liter litre
t tonne metric_ton
toe tonne_of_oil_equivalent
tce = 29307600000 J
"""

WITHOUT_PREFIX = """
dimensionless count rad radian
p.u. pu = 1
percent %
permille ‰
ppm
ppb = 0.000000001
degree ° deg arcdeg
turn revolution cycle
rpm revolutions_per_minute
rps revolutions_per_second
min minute
h hr hour
d day days
week
a yr year
month
delta_degC Δ°C delta_°C delta_celsius
delta_degF Δ°F delta_°F delta_fahrenheit
ha hectare
in inch inches
ft foot feet
yd yard
mi mile
nmi nautical_mile
acre
square_foot sq_ft square_feet
gal gallon
oil_barrel oil_bbl
cc cubic_centimeter
cubic_foot cu_ft cubic_feet
kph
mph mile_per_hour
kn kt knot
lb lbs pound
oz ounce
ton short_ton US_ton
long_ton UK_ton
lbf pound_force force_pound
kgf kilogram_force force_kilogram
psi pound_force_per_square_inch
atm atmosphere standard_atmosphere
torr
mmHg
inHg
Btu BTU british_thermal_unit
MMBtu MMBTU = 1000000 Btu
quad
thm therm
hp horsepower
metric_horsepower
ton_of_refrigeration refrigeration_ton
"""

OFFSET = """
degC °C ºC ℃ celsius degreeC degree_Celsius
degF °F ºF ℉ fahrenheit degreeF degree_Fahrenheit
"""
"""Scales with a zero of their own."""

PREFIXES = {
    "da": 1, "h": 2, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18, "Z": 21, "Y": 24,
    "d": -1, "c": -2, "m": -3, "µ": -6, "μ": -6, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18,
    "deca": 1, "hecto": 2, "kilo": 3, "mega": 6, "giga": 9, "tera": 12, "peta": 15, "exa": 18,
    "deci": -1, "centi": -2, "milli": -3, "micro": -6, "nano": -9, "pico": -12,
}  # fmt: skip
"""Powers of ten."""

CURRENCIES = tuple(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
    "GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP "
    "LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN "
    "PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS "
    "TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD "
    "XCG XDR XOF XPD XPF XPT XSU XUA YER ZAR ZMW ZWG ZWL".split()
)
"""Codes of ISO 4217, and those of a few currencies that have ended lately; none is worth anything in another. The code
for tests and the one that says that there is no currency are left out: they are no money."""

SYMBOLS = {
    "€": "EUR", "£": "GBP", "$": "USD", "US$": "USD", "A$": "AUD", "C$": "CAD", "₹": "INR", "₩": "KRW", "₺": "TRY",
    "₽": "RUB", "₪": "ILS", "₴": "UAH", "₫": "VND", "₱": "PHP", "฿": "THB", "zł": "PLN", "Kč": "CZK",
}  # fmt: skip
"""Signs of currencies."""

HUNDREDTHS = {
    "EUR": "ct cent cents eurocent eurocents Eurocent EURct €ct ct€".split(),
    "GBP": "p pence penny GBp GBX".split(),
    "USD": ["¢"],
}
"""Names of a hundredth of a currency; ``ct`` is a cent, as on energy bills, and no carat."""

MULTIPLES = {"c": -2, "m": -3, "k": 3, "M": 6, "G": 9}
"""Prefixes of a currency, in powers of ten."""
