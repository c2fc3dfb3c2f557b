"""Parameters that routes share: ids in paths, and the names of our own assets."""

import re
from typing import Annotated, Final

from fastapi import Path
from pydantic import StringConstraints, WithJsonSchema

from musearoo.domain.errors import InvalidValue
from musearoo.domain.ids import AssetId
from musearoo.protocols.rest.call import Visitor
from musearoo.protocols.rest.shapes.requests import UUID_PATTERN

PathId = Annotated[
    str,
    Path(),
    StringConstraints(pattern=UUID_PATTERN, to_lower=True),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]
_ASSET: Final = re.compile(
    r"(?:/api/v3/assets/)?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?:\?\S*)?"
)


def own_asset(text: str, field: str, visitor: Visitor) -> AssetId:
    """The asset that a URL of ours, or a bare id, names: nothing is ever fetched from elsewhere."""
    base = visitor.request.base_url
    own = (f"{base.scheme}://{base.netloc}", visitor.conductor.world.rules.public_url)
    path = next((text.removeprefix(each) for each in own if each and text.startswith(each)), text)
    match = _ASSET.fullmatch(path)
    if match is None:
        raise InvalidValue(
            field, text, "the id or URL of an asset of this project (/api/v3/assets/...)"
        )
    return AssetId(match[1].lower())
