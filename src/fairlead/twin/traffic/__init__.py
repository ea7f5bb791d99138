"""The twin's traffic: the global HAProxy, an edge gateway per cluster, and the load that goes through them."""

from fairlead.twin.traffic.balancer import reload
from fairlead.twin.traffic.load.report import LoadReport, failures, load_report, set_load_factor
from fairlead.twin.traffic.processes import PORTS, process_specs

__all__ = ["PORTS", "LoadReport", "failures", "load_report", "process_specs", "reload", "set_load_factor"]
