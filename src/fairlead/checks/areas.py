"""The areas a rule may belong to; the letters of its id say which."""

from collections.abc import Mapping

AREAS: Mapping[str, str] = {
    "DEL": "delivery and manifests",
    "OBS": "observability",
    "INI": "initial processing",
    "END": "graceful shutdown",
    "HEA": "health checks",
    "CFG": "configuration and secrets",
    "UPG": "maintenance and upgrades",
    "RES": "resources",
    "SCH": "scheduling",
    "SCA": "scaling",
    "SEC": "security",
    "NET": "traffic",
    "NOD": "node tuning",
    "STA": "stateful applications",
    "LRG": "large clusters",
    "KNO": "known issues",
    "DPV": "Dataplane V2",
}


def area_of(rule_id: str) -> str:
    """`RES101` is of area `RES`; empty where no area has these letters (a user's own rule)."""
    letters = rule_id.rstrip("0123456789")
    return letters if letters in AREAS else ""
