"""The versions on offer, and what the API's aliases mean."""

from google.cloud import container_v1 as gke

from fairlead.model.version import Version
from fairlead.twin.gke.errors import invalid
from fairlead.twin.state import TwinSpec
from fairlead.twin.tools import KUBERNETES_VERSIONS

_STABLE = "1.36.3-gke.1000"
_Channel = gke.ReleaseChannel.Channel
_CHANNELS = (_Channel.RAPID, _Channel.REGULAR, _Channel.STABLE, _Channel.EXTENDED)


class Catalogue:
    """What can be had, newest first; versions that clusters begin with are on offer too."""

    def __init__(self, spec: TwinSpec) -> None:
        begun = {cluster.version for cluster in spec.clusters}
        self.versions = sorted({*KUBERNETES_VERSIONS} | begun, reverse=True)
        self.stable = spec.stable_version or Version(_STABLE)

    def server_config(self) -> gke.ServerConfig:
        names = [str(version) for version in self.versions]
        return gke.ServerConfig(
            default_cluster_version=str(self.stable),
            valid_master_versions=names,
            valid_node_versions=names,
            default_image_type="COS_CONTAINERD",
            valid_image_types=["COS_CONTAINERD", "UBUNTU_CONTAINERD"],
            channels=[self._offer(channel) for channel in _CHANNELS],
        )

    def for_master(self, asked: str, current: Version) -> Version:
        """The version a control plane is to get: no minor skipped, never back."""
        version = self.stable if asked == "-" else self._resolve(asked)
        if version < current:
            raise invalid(f"Master cannot be downgraded to version {version!s} from {current!s}.")
        if version.minors_ahead_of(current) > 1:
            raise invalid(
                f"Master cannot be upgraded to {version!s}: cannot upgrade the master more than one minor version "
                f"at a time from {current!s}."
            )
        return version

    def for_nodes(self, asked: str, master: Version) -> Version:
        """The version nodes are to get: none newer than the control plane's."""
        version = master if asked == "-" else self._resolve(asked)
        if version > master:
            raise invalid(f"Node version {version!s} must not have a greater version than the master's {master!s}.")
        return version

    def _resolve(self, asked: str) -> Version:
        if asked == "latest":
            return self.versions[0]
        # `1.36` and `1.36.3` mean the newest that begins so.
        for version in self.versions:
            if str(version) == asked or str(version).startswith((f"{asked}.", f"{asked}-")):
                return version
        raise invalid(f"Version {asked!r} is invalid: it is not in the list of valid versions.")

    def _offer(self, channel: int) -> gke.ServerConfig.ReleaseChannelConfig:
        default = {_Channel.RAPID: self.versions[0], _Channel.EXTENDED: self.versions[-1]}.get(channel, self.stable)
        return gke.ServerConfig.ReleaseChannelConfig(
            channel=channel,
            default_version=str(default),
            valid_versions=[str(version) for version in self.versions],
            upgrade_target_version=str(default),
        )
