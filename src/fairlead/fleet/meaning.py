"""What a well-formed fleet file may still get wrong: names that mean nothing, or the same thing twice."""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches

from fairlead.fleet.file import Fleet, Wave
from fairlead.fleet.paths import Mistake

_LOOPBACK = ("127.0.0.1:", "localhost:", "[::1]:")


def mistakes_in(fleet: Fleet) -> Iterator[Mistake]:
    """Every mistake of meaning, with its path."""
    yield from _clusters(fleet)
    yield from _balancers(fleet)
    yield from _waves(fleet)
    yield from _gke(fleet)


def _clusters(fleet: Fleet) -> Iterator[Mistake]:
    names: dict[str, int] = {}
    places: dict[str, int] = {}
    for index, cluster in enumerate(fleet.spec.clusters):
        path = f"spec.clusters[{index}]"
        if (first := names.setdefault(cluster.name, index)) != index:
            yield Mistake(f"{path}.name", f"`{cluster.name}` is also the name of spec.clusters[{first}]")
        if (first := places.setdefault(cluster.gke.path, index)) != index:
            yield Mistake(f"{path}.gke", f"`{cluster.gke.path}` is also spec.clusters[{first}]")
        yield from _traffic(fleet, index)


def _traffic(fleet: Fleet, index: int) -> Iterator[Mistake]:
    known = [balancer.name for balancer in fleet.spec.balancers]
    for number, entry in enumerate(fleet.spec.clusters[index].traffic):
        if entry.balancer not in known:
            path = f"spec.clusters[{index}].traffic[{number}].balancer"
            yield Mistake(path, f"there is no balancer `{entry.balancer}`", _near(entry.balancer, known, "balancers"))


def _balancers(fleet: Fleet) -> Iterator[Mistake]:
    counted = Counter(balancer.name for balancer in fleet.spec.balancers)
    for index, balancer in enumerate(fleet.spec.balancers):
        if counted[balancer.name] > 1:
            yield Mistake(f"spec.balancers[{index}].name", f"`{balancer.name}` is the name of several balancers")
    users = Counter((entry.balancer, entry.server) for cluster in fleet.spec.clusters for entry in set(cluster.traffic))
    for (balancer_name, server), count in users.items():
        if count > 1:
            yield Mistake("spec.clusters", f"server `{server}` of balancer `{balancer_name}` means {count} clusters")


def _waves(fleet: Fleet) -> Iterator[Mistake]:
    waves = fleet.spec.upgrade.waves
    for index, wave in enumerate(waves):
        path = f"spec.upgrade.waves[{index}]"
        ways = _ways(wave)
        if wave.name in {earlier.name for earlier in waves[:index]}:
            yield Mistake(f"{path}.name", f"`{wave.name}` is the name of several waves")
        if len(ways) > 1:
            yield Mistake(path, f"chooses by {' and '.join(ways)}", "one of `clusters`, `labels` or `count`, or none")
        if not ways and index < len(waves) - 1:
            yield Mistake(path, "takes all that is left, so nothing is left for the waves after it")
        yield from _members(fleet, index)


def _members(fleet: Fleet, index: int) -> Iterator[Mistake]:
    """Mistakes in the clusters that a wave names."""
    known = [cluster.name for cluster in fleet.spec.clusters]
    waves = fleet.spec.upgrade.waves
    taken = {name: wave.name for wave in reversed(waves[:index]) for name in wave.clusters}
    for number, name in enumerate(waves[index].clusters):
        path = f"spec.upgrade.waves[{index}].clusters[{number}]"
        if name not in known:
            yield Mistake(path, f"there is no cluster `{name}`", _near(name, known, "clusters"))
        elif name in taken:
            yield Mistake(path, f"`{name}` is already in wave `{taken[name]}`")


def _ways(wave: Wave) -> list[str]:
    ways = {"`clusters`": wave.clusters, "`labels`": wave.labels, "`count`": wave.count}
    return [way for way, value in ways.items() if value]


def _gke(fleet: Fleet) -> Iterator[Mistake]:
    emulator = fleet.spec.gke.emulator
    if emulator is None:
        return
    host = next((host for host in _LOOPBACK if emulator.startswith(host)), None)
    if host is None or not emulator.removeprefix(host).isdigit():
        yield Mistake(
            "spec.gke.emulator",
            f"`{emulator}` is not a port on this machine",
            "an emulator is spoken to without TLS, so only `127.0.0.1:PORT` is allowed; leave it out for the real GKE",
        )


def _near(name: str, known: list[str], what: str) -> str:
    near = get_close_matches(name, known, 1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"the {what} are {', '.join(f'`{each}`' for each in known)}" if known else f"the file has no {what}"
