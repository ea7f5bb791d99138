"""Names in requests: the path in `name` or `parent`, or the older separate fields."""

import re
from typing import Any

import msgspec

from fairlead.twin.gke.errors import invalid

_PATH = re.compile(
    r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)"
    r"(?:/clusters/(?P<cluster>[^/]+)(?:/nodePools/(?P<pool>[^/]+))?|/operations/(?P<operation>[^/]+))?"
)


class Place(msgspec.Struct, frozen=True):
    """Parts that were not named are empty."""

    project: str
    location: str
    cluster: str = ""
    pool: str = ""
    operation: str = ""

    @property
    def path(self) -> str:
        parts = f"projects/{self.project}/locations/{self.location}"
        for word, value in (("clusters", self.cluster), ("nodePools", self.pool), ("operations", self.operation)):
            parts += f"/{word}/{value}" if value else ""
        return parts


def place_of(request: Any) -> Place:
    """ApiError INVALID_ARGUMENT where nothing of the kind is named."""
    text = getattr(request, "name", "") or getattr(request, "parent", "")
    if not text:
        return _from_fields(request)
    found = _PATH.fullmatch(text)
    if found is None:
        raise invalid(f"Invalid resource name {text!r}.")
    return Place(**{key: value or "" for key, value in found.groupdict().items()})


def _from_fields(request: Any) -> Place:
    place = Place(
        project=getattr(request, "project_id", ""),
        location=getattr(request, "zone", ""),
        cluster=getattr(request, "cluster_id", ""),
        pool=getattr(request, "node_pool_id", ""),
        operation=getattr(request, "operation_id", ""),
    )
    if not place.project or not place.location:
        raise invalid("Request must name a resource.")
    return place
