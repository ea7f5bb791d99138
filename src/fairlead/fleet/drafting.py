"""Drafts a fleet file from what was discovered; pure. Its text is what `fairlead fleet init` writes."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from fairlead.fleet.file import Fleet, FleetBalancer, FleetCluster, GkeSettings, Metadata, Spec, TrafficEntry
from fairlead.model import wire
from fairlead.model.cluster import GkePlace

_HEADER = """\
Written by `fairlead fleet init`; yours to edit. `fairlead fleet validate` checks it,
`fairlead fleet schema` describes every field (also docs/reference/fleet-file.md).
"""
# Shown as comments: defaults that most fleets want to look at, not repeat.
_FOOTER = """\
upgrade:
  version: {channel: stable}   # or {exact: 1.36.3-gke.1000}
  order: least-traffic-first
  waves:
    - {name: canary, count: 1, soak: 30m}
    - {name: rest, concurrency: 2}
  surge: {percent: 25}
  drain: {mode: drain-first, headroom: 20, deadline: 10m}
"""


class Draft(msgspec.Struct, frozen=True):
    """The fleet, and what found no partner: clusters that no server is named like, and servers (`edge/web-9`)."""

    fleet: Fleet
    without_traffic: tuple[str, ...]
    unmatched_servers: tuple[str, ...]


def draft(
    name: str,
    places: Sequence[GkePlace],
    gke: GkeSettings,
    balancers: Sequence[FleetBalancer],
    servers: Mapping[str, Sequence[str]],
) -> Draft:
    """`servers`: the names each balancer knows. A server is taken for the one cluster whose name it is or contains."""
    names = _names(places)
    carried = {cluster: _entries(cluster, list(names), servers) for cluster in names}
    clusters = tuple(
        FleetCluster(name=cluster, gke=place, traffic=carried[cluster]) for cluster, place in sorted(names.items())
    )
    used = {(entry.balancer, entry.server) for entries in carried.values() for entry in entries}
    return Draft(
        Fleet(
            api_version="fairlead.dev/v1",
            kind="Fleet",
            metadata=Metadata(name=name_of(name)),
            spec=Spec(clusters=clusters, balancers=tuple(balancers), gke=gke),
        ),
        without_traffic=tuple(sorted(cluster for cluster, entries in carried.items() if not entries)),
        unmatched_servers=tuple(
            f"{balancer}/{server}"
            for balancer, known in servers.items()
            for server in sorted(set(known))
            if (balancer, server) not in used
        ),
    )


def as_text(fleet: Fleet) -> str:
    """The file, with comments; reading it gives the same fleet."""
    document = _commented(msgspec.to_builtins(fleet, enc_hook=wire.to_plain))
    document.yaml_set_start_comment(_HEADER.rstrip())
    spec = document["spec"]
    for key, note in _notes(fleet).items():
        if key in spec:
            spec.yaml_set_comment_before_after_key(key, before=note, indent=2)
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 120
    text = StringIO()
    yaml.dump(document, text)
    footer = "".join(f"  # {line}\n" for line in _FOOTER.splitlines())
    return f"{text.getvalue()}  # How the fleet is upgraded: examples, the reference has the defaults.\n{footer}"


def name_of(text: str) -> str:
    """The nearest thing the fleet file takes as a name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-") or "fleet"


def _names(places: Sequence[GkePlace]) -> dict[str, GkePlace]:
    """The cluster's own name, with as much of its place as tells it from others."""
    ways = (
        lambda place: place.cluster,
        lambda place: f"{place.cluster}-{place.location}",
        lambda place: f"{place.cluster}-{place.location}-{place.project}",
    )
    names: dict[str, GkePlace] = {}
    left = list(places)
    for way in ways:
        counted = Counter(name_of(way(place)) for place in left)
        chosen = [place for place in left if counted[name_of(way(place))] == 1 and name_of(way(place)) not in names]
        names |= {name_of(way(place)): place for place in chosen}
        left = [place for place in left if place not in chosen]
    return names


def _entries(cluster: str, clusters: Sequence[str], servers: Mapping[str, Sequence[str]]) -> tuple[TrafficEntry, ...]:
    return tuple(
        TrafficEntry(balancer=balancer, server=server)
        for balancer, known in servers.items()
        for server in sorted(set(known))
        if meant_by(server, clusters) == cluster
    )


def meant_by(server: str, clusters: Sequence[str]) -> str | None:
    """The one cluster a server is named after: its very name, else a name that stands in it as whole words."""
    name = name_of(server)
    if name in clusters:
        return name
    # The longest wins: `web-tokyo-2` means `tokyo-2`, not `tokyo`.
    inside = sorted((each for each in clusters if f"-{each}-" in f"-{name}-"), key=len, reverse=True)
    if len(inside) == 1 or (len(inside) > 1 and all(each in inside[0] for each in inside[1:])):
        return inside[0]
    return None


def _notes(fleet: Fleet) -> dict[str, str]:
    regional = sum(cluster.gke.regional for cluster in fleet.spec.clusters)
    return {
        "clusters": f"\n{len(fleet.spec.clusters)} clusters, {regional} with a regional control plane.\n"
        "`traffic`: which balancer entries carry the cluster; `capacity`: requests a second, where you know it better.",
        "balancers": "\nEvery HAProxy that carries traffic; a drain is done when all agree.\n"
        "`master`: the master CLI, which also sees the workers that a reload left behind.",
        "gke": "\nHow GKE is reached; left out, Application Default Credentials are used.",
    }


def _commented(value: Any) -> Any:
    """Without empty and unset fields: the file says only what somebody chose."""
    if isinstance(value, dict):
        kept = {key: _commented(each) for key, each in value.items() if each not in (None, "", {}, [], ())}
        kept.pop("upgrade", None)
        return CommentedMap({key: each for key, each in kept.items() if each != {}})
    if isinstance(value, (list, tuple)):
        return [_commented(each) for each in value]
    return value
