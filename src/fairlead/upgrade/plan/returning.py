"""Whether a cluster that got some of its traffic back may get more."""

from enum import StrEnum

import msgspec

from fairlead.fleet.file import Return
from fairlead.snapshot.traffic import TrafficSpan


class Baseline(msgspec.Struct, frozen=True):
    """What was normal before the run touched the cluster: requests a second, share of failures, mean milliseconds."""

    rate: float
    error_ratio: float
    mean_ms: float


class Verdict(StrEnum):
    """`TOO_LITTLE_TRAFFIC` is an answer of its own: neither good nor bad, and said so."""

    GOOD = "good"
    BAD = "bad"
    TOO_LITTLE_TRAFFIC = "too-little-traffic"


class Judgement(msgspec.Struct, frozen=True):
    verdict: Verdict
    reason: str


def judge(span: TrafficSpan, baseline: Baseline | None, policy: Return) -> Judgement:
    """Judge one step of the return by what went through; failures count even where there is too little to acquit."""
    too_many = max(policy.max_error_ratio, baseline.error_ratio if baseline else 0.0)
    enough = span.requests >= policy.min_requests
    if span.error_ratio > too_many and (enough or span.failed > policy.min_requests * too_many):
        reason = f"{span.failed} of {span.requests} requests failed, at most {too_many:.2%} may"
        return Judgement(Verdict.BAD, reason)
    if not enough:
        reason = f"{span.requests} requests in {span.seconds:.0f}s, {policy.min_requests} are needed to judge"
        return Judgement(Verdict.TOO_LITTLE_TRAFFIC, reason)
    slow = max(policy.latency_floor_ms, policy.max_latency_ratio * baseline.mean_ms if baseline else 0.0)
    if baseline and span.mean_ms > slow:
        return Judgement(Verdict.BAD, f"mean time {span.mean_ms:.0f} ms, at most {slow:.0f} ms may be")
    return Judgement(Verdict.GOOD, f"{span.failed} of {span.requests} requests failed, mean {span.mean_ms:.0f} ms")
