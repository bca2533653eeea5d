"""Facts about units: their names, what each is of the others, prefixes of the SI, and the currencies of ISO 4217.

A line holds all names of a unit, and what it is in terms of others, in the language of ``engine.unit_grammar``. Units
without anything behind the ``=`` are the ones that all others are made of.
"""

BASE = "m g s A K mol cd bit dB dBm".split()
"""What every unit is made of, beside the currencies."""

WITH_PREFIX = """
m meter metre =
g gram gramme =
s sec second =
A amp ampere =
K kelvin =
mol mole =
cd candela =
bit =
B byte = 8 bit
N newton = 1000 g m/s^2
Pa pascal = N/m^2
bar = 100000 Pa
J joule = N m
eV electron_volt electronvolt = 1.602176634e-19 J
cal calorie = 4.184 J
W watt = J/s
Wp watt_peak = W
Wh watthour watt_hour = 3600 J
VA volt_ampere = W
var volt_ampere_reactive = W
VAh = Wh
varh = Wh
C coulomb = A s
Ah ampere_hour = 3600 C
V volt = W/A
Ω Ω ohm = V/A
S siemens = A/V
F farad = C/V
Wb weber = V s
T tesla = Wb/m^2
H henry = Wb/A
Hz hertz = 1/s
Bq becquerel = 1/s
lm lumen = cd
lx lux = lm/m^2
Gy gray = J/kg
Sv sievert = J/kg
l L ℓ liter litre = 0.001 m^3
t tonne metric_ton = 1000000 g
toe tonne_of_oil_equivalent = 41868000000 J
tce = 29307600000 J
"""

WITHOUT_PREFIX = """
dB decibel =
dBm decibelmilliwatt =
dimensionless count p.u. pu rad radian = 1
% percent = 0.01
‰ permille = 0.001
ppm = 0.000001
ppb = 0.000000001
° deg degree arcdeg = 0.01745329251994329576923690768488612713 rad
turn revolution cycle = 6.283185307179586476925286766559005768 rad
rpm revolutions_per_minute = turn/min
rps revolutions_per_second = turn/s
min minute = 60 s
h hr hour = 3600 s
d day = 24 h
week = 7 d
a yr year = 365.25 d
month = 30.4375 d
Δ°C delta_°C delta_degC delta_celsius = K
Δ°F delta_°F delta_degF delta_fahrenheit = K*5/9
ha hectare = 10000 m^2
in inch inches = 0.0254 m
ft foot feet = 12 in
yd yard = 3 ft
mi mile = 5280 ft
nmi nautical_mile = 1852 m
acre = 4046.872609874252006568529266 m^2
sq_ft square_foot square_feet = ft^2
gal gallon = 231 in^3
oil_barrel oil_bbl = 42 gal
cc cubic_centimeter = cm^3
cu_ft cubic_foot cubic_feet = ft^3
kph = km/h
mph mile_per_hour = mi/h
kn kt knot = nmi/h
lb lbs pound = 0.45359237 kg
oz ounce = lb/16
ton short_ton US_ton = 2000 lb
long_ton UK_ton = 2240 lb
lbf pound_force force_pound = 9.80665 lb m/s^2
kgf kilogram_force force_kilogram = 9.80665 N
psi pound_force_per_square_inch = lbf/in^2
atm atmosphere standard_atmosphere = 101325 Pa
torr = atm/760
mmHg = 13595.1 kg/m^3 * 9.80665 m/s^2 * mm
inHg = 13595.1 kg/m^3 * 9.80665 m/s^2 * in
Btu BTU british_thermal_unit = 1055.056 J
MMBtu MMBTU = 1000000 Btu
quad = 1000000000000000 Btu
thm therm = 100000 Btu
hp horsepower = 550 ft lbf/s
metric_horsepower = 75 m kgf/s
ton_of_refrigeration refrigeration_ton = 12000 Btu/h
"""

OFFSET = """
°C ºC degC ℃ celsius degreeC degree_Celsius = K + 273.15
°F ºF degF ℉ fahrenheit degreeF degree_Fahrenheit = K*5/9 + 255.372222222222222222222222222222222
"""
"""Scales with a zero of their own: what one step is, and where they begin."""

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
    "XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG ZWL".split()
)
"""Codes of ISO 4217, and those of a few currencies that have ended lately; none is worth anything in another."""

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
