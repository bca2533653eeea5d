"""One place per field: type, unit, default, meaning, example. Everything that explains a field is made from here."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache, cached_property
from typing import Annotated, Any, ClassVar, Self, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SkipValidation,
    Strict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from engine.errors import FieldError, UnknownField, field_under, keys_of
from engine.field_problems import problem_text
from engine.flex import quantity
from engine.flex.facts import Fact, Reference, fact_of
from engine.series.iso_time import instant

AnyQuantity: TypeAlias = Annotated[quantity.Quantity | None, SkipValidation]
"""A quantity in any form; read by FlexFields itself."""
SeveralQuantities: TypeAlias = Annotated[tuple[quantity.Quantity, ...], SkipValidation]
"""Quantities that are added."""

Key: TypeAlias = Annotated[int, Strict()]
"""Id of a sensor or an asset: a whole number; a text, a fraction and true are refused.

Of other fields only counts are ints, which have no role.
"""


def _moment(raw: object, info: ValidationInfo) -> datetime | None:
    return None if raw is None else instant(str(raw), field=str(info.field_name).replace("_", "-"))


Moment: TypeAlias = Annotated[datetime | None, BeforeValidator(_moment)]
"""A time with its zone, in UTC."""


class FlexFields(BaseModel):
    """Fields with hyphens, as users write them; underscores are read as well; an unknown field is an error."""

    model_config = ConfigDict(
        alias_generator=lambda name: name.replace("_", "-"),
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
    )
    language: ClassVar[str] = "field"
    """What the fields belong to, for errors."""
    spellings: ClassVar[Mapping[str, str]] = {}
    """Other names under which a field is read."""

    @classmethod
    def read(cls, raw: Mapping[str, object]) -> Self:
        """Return the fields that a user wrote.

        Raises:
            UnknownField: A field that does not exist, with the nearest name.
            FieldError: A field that cannot be read, or fields that exclude each other.
            QuantityError: A unit that does not fit.
        """
        try:
            return cls.model_validate(dict(raw))
        except ValidationError as error:
            # The first of pydantic's complaints in our words: where, what, and how to write it.
            first = error.errors()[0]
            where = field_under(*first["loc"]) or cls.language
            message = problem_text(first)
            outer = str(first["loc"][0]).replace("-", "_") if first["loc"] else ""
            if first["type"] != "value_error" and outer in cls.model_fields:
                message = f"{message.removesuffix('.')}, like {json.dumps(cls.fact(outer).example)}."
            raise FieldError(where, message) from error

    @model_validator(mode="before")
    @classmethod
    def _names(cls, raw: Any) -> Any:
        """Bring every name to the one of its field; nested models do it, too."""
        if not isinstance(raw, Mapping):
            return raw
        known = _names_of(cls)
        fields: dict[str, object] = {}
        for spelling, value in raw.items():
            name = str(spelling).replace("_", "-")
            name = cls.spellings.get(name, name)
            if name not in known:
                raise UnknownField(f"{cls.language} field", str(spelling), list(known))
            if name in fields:
                raise FieldError(name, "it is given twice, in two spellings; leave one out.")
            fields[name] = value
        return fields

    @classmethod
    def facts(cls) -> list[Fact]:
        """Return what there is to know of every field: the table that docs, schema and editor are made from."""
        return list(_facts(cls).values())

    @classmethod
    def fact(cls, name: str) -> Fact:
        """Return what there is to know of one field, by either spelling."""
        return _facts(cls)[name.replace("-", "_")]

    @cached_property
    def _references(self) -> tuple[Reference, ...]:
        values, found = self.__dict__, list[Reference]()
        for attribute, fact in _facts(type(self)).items():
            value = values[attribute]
            if type(value) not in PLAIN and value != ():  # of fifty fields two or three are left
                found += _in_value(value, fact, self.unit_of(fact))
        return tuple(found)

    def references(self) -> Iterator[Reference]:
        """Give everything that the fields name, also deep inside."""
        return iter(self._references)  # kept, as a plan of many devices asks each of them a dozen times

    @cached_property
    def outputs(self) -> tuple[Reference, ...]:
        """Sensors that receive a part of the plan by fields of their own, not by those of entries inside."""
        return tuple(each for each in self.references() if each.writes and "." not in each.path)

    def moments(self) -> Iterator[datetime]:
        """Give the times at which timed events of the fields begin and end, also deep inside."""
        for attribute in type(self).model_fields:
            value = getattr(self, attribute)
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, FlexFields):
                    yield from each.moments()
                elif isinstance(each, quantity.Events):
                    yield from (at for event in each.events for at in (event.start, event.end))

    def unit_of(self, fact: Fact) -> str | None:
        """Return the unit in which the values of one of these fields are wanted."""
        return fact.unit

    @property
    def currencies(self) -> set[str]:
        """Every currency written in a price; sensors and bare zeros tell none."""
        values = (getattr(self, name) for name in attributes_of(type(self), "price"))
        prices = [price for price in values if isinstance(price, quantity.Quantity)]
        return {code for price in prices if (code := quantity.currency(price))}

    def refuse_unstorable(self) -> None:
        """Raise if a field cannot be stored on an asset.

        Raises:
            FieldError: It belongs to one request, is a list of timed events, or must be a sensor.
        """
        for attribute in self.model_fields_set:
            fact, value = self.fact(attribute), getattr(self, attribute)
            name, several = fact.name, value if isinstance(value, tuple) else (value,)
            if fact.stored == "never":
                raise FieldError(name, "it belongs to a request and cannot be stored on an asset.")
            if any(isinstance(each, quantity.Events) for each in several):
                raise FieldError(name, "timed events cannot be stored on an asset; name a sensor that records them.")
            if fact.stored == "as-sensor" and not isinstance(value, quantity.SensorReference | int):
                raise FieldError(name, "it is stored as a sensor, such as {'sensor': 5}.")
            for each in several:
                if isinstance(each, FlexFields):
                    each.refuse_unstorable()

    @field_validator("*", mode="before")
    @classmethod
    def _quantities(cls, raw: object, info: ValidationInfo) -> object:
        """Read every field that is a quantity, and check its unit at once."""
        fact = _facts(cls)[str(info.field_name)]
        if raw is None or fact.form not in ("quantity", "quantities"):
            return () if raw is None and fact.form == "quantities" else raw
        if fact.unit is None:
            return quantity.read(raw, field=fact.name)  # whether per energy or per power is for the model to say
        if fact.form == "quantities":
            return tuple(cls._one(item, f"{fact.name}[{at}]", fact) for at, item in enumerate(_as_list(raw)))
        return cls._one(raw, fact.name, fact)

    @field_validator("*", mode="wrap")
    @classmethod
    def _placed(cls, raw: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        """Name the field around what is wrong inside it."""
        try:
            return handler(raw)
        except FieldError as error:
            name = str(info.field_name).replace("_", "-")
            raise error if keys_of(error.field)[0] == name else error.inside(name) from None

    @classmethod
    def _one(cls, raw: object, name: str, fact: Fact) -> quantity.Quantity:
        read = quantity.read(raw, field=name)
        # What a bare number of stored energy means is settled later, by soc-unit or the power sensor.
        bare_is_fine = fact.name.startswith("soc-") or not fact.unit
        quantity.check(read, fact.unit or "", field=name, bare_is_fine=bare_is_fine)
        if not fact.signed:
            quantity.refuse_negative(read, fact.unit or "", field=name)
        return read


PLAIN = {type(None), str, float, bool, datetime, quantity.Fixed, quantity.Events}
"""Types of values that name nothing, see ``_in_value``."""
Fields = TypeVar("Fields", bound=FlexFields)


def read_entries(kind: type[Fields], raw: object, *, field: str) -> tuple[Fields, ...]:
    """Return the entries of a list of dictionaries, each as fields of a kind.

    Raises:
        FieldError: One is wrong; it is named by the field of the list and its place.
    """
    read = []
    for place, entry in enumerate(_as_list(raw)):
        if isinstance(entry, kind):
            read.append(entry)
        elif isinstance(entry, Mapping):
            try:
                read.append(kind.read(entry))
            except FieldError as error:
                raise error.inside(f"{field}[{place}]") from None
        else:
            raise FieldError(f"{field}[{place}]", "each entry is a dictionary of fields.")
    return tuple(read)


def _as_list(raw: object) -> list[object]:
    return list(raw) if isinstance(raw, list | tuple) else [raw]


def _in_value(value: object, fact: Fact, unit: str | None) -> Iterator[Reference]:
    """Give what the value of a field names, also deep inside."""
    match value:
        case quantity.SensorReference():
            yield Reference(fact.name, "sensor", value.sensor, fact, unit, value)
        case FlexFields():
            for inner in value.references():
                path = f"{fact.name}.{inner.path}"
                if fact.form == "sensor":  # a sensor or group in brackets is what the field around it says of it
                    yield replace(inner, path=fact.name if inner.writes else path, fact=fact, unit=unit)
                else:
                    yield replace(inner, path=path)
        case tuple():
            for each in value:
                yield from _in_value(each, fact, unit)
        # True is an int in Python, too, and no id.
        case int() if type(value) is int and fact.role:
            yield Reference(fact.name, "asset" if fact.form == "asset" else "sensor", value, fact, unit)


@cache
def attributes_of(kind: type[FlexFields], *kinds: str) -> tuple[str, ...]:
    """Names, in Python, of the fields of some kinds, such as prices."""
    return tuple(attribute for attribute, fact in _facts(kind).items() if fact.kind in kinds)


@cache
def _names_of(kind: type[FlexFields]) -> Mapping[str, None]:
    """Names of the fields as users write them."""
    return {name.replace("_", "-"): None for name in kind.model_fields}


@cache
def _facts(kind: type[FlexFields]) -> Mapping[str, Fact]:
    return {name: fact_of(name, info) for name, info in kind.model_fields.items()}
