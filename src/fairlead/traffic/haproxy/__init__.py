"""HAProxy as a balancer of the fleet, spoken to through its admin sockets and its master CLI."""

from fairlead.traffic.haproxy.balancer import HaproxyBalancer

__all__ = ["HaproxyBalancer"]
