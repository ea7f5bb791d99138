"""
CEL as the Kubernetes API server understands it, compiled to Python functions.

    program = compile_program("object.spec.replicas > params.min", names=("object", "params"))
    program.evaluate({"object": {"spec": {"replicas": 3}}, "params": {"min": 1}})  # True

Values are plain JSON; `UInt`, `Optional`, `Duration`, `Timestamp` and the types of the Kubernetes libraries stand for
what JSON has not. Nothing here imports from the rest of the project.
"""

from fairlead.checks.cel.errors import CelError, CelSyntaxError
from fairlead.checks.cel.program import PRESENCE, Program, Reads, compile_program, dump, load
from fairlead.checks.cel.values import CelType, Duration, Optional, Timestamp, UInt

__all__ = [
    "PRESENCE",
    "CelError",
    "CelSyntaxError",
    "CelType",
    "Duration",
    "Optional",
    "Program",
    "Reads",
    "Timestamp",
    "UInt",
    "compile_program",
    "dump",
    "load",
]
