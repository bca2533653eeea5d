"""A part of a request → its model."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.api.errors import shortened

Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], given: Mapping[str, Any], where: str) -> Model:
    """Return a part of a request as its model; hyphens and underscores in names are the same.

    Raises:
        Invalid: A field is wrong, lacking or unknown.
    """
    spelled = {name.replace("-", "_"): name for name in given}
    try:
        return model.model_validate({plain: given[name] for plain, name in spelled.items()})
    except ValidationError as error:
        raise shortened(
            error, where, spelled, [field.alias or name for name, field in model.model_fields.items()]
        ) from None
