"""What became of a thing that was tried in every process of a balancer."""

from collections.abc import Sequence
from typing import TypeVar

from fairlead.traffic.port import BalancerRefusedError, BalancerUnreachableError

T = TypeVar("T")


def all_or_error(balancer: str, addresses: Sequence[str], outcomes: Sequence[T | BaseException]) -> list[T]:
    """
    The outcomes, one per address, when none is an error.

    BalancerUnreachableError names each process that did not answer, and wins over BalancerRefusedError: nothing is
    known about such a process, while a refusal can be repeated later. Any other error is raised as it is.
    """
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    if not errors:
        return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    silent = [error for error in errors if isinstance(error, BalancerUnreachableError)]
    strange = [error for error in errors if not isinstance(error, (BalancerUnreachableError, BalancerRefusedError))]
    if strange:
        raise strange[0]
    if silent:
        which = "; ".join(str(error) for error in silent)
        raise BalancerUnreachableError(
            f"{len(silent)} of {len(addresses)} HAProxy processes did not answer: {which}", place=balancer
        ) from silent[0]
    raise errors[0]
