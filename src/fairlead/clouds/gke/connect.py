"""The one call that turns the fleet file's settings into a cloud."""

from fairlead.clouds.gke.cloud import GkeCloud
from fairlead.clouds.gke.link import GoogleLink
from fairlead.fleet.file import GkeSettings


def connect(settings: GkeSettings) -> GkeCloud:
    """Nothing is opened before the first call; UsageError where the emulator is not on this machine."""
    return GkeCloud(GoogleLink(settings))
