"""A review as PolicyReport objects of wgpolicyk8s.io, as Policy Reporter and Kyverno know them."""

from fairlead.review.report.reports import reports
from fairlead.review.result import Review


def text_of(review: Review) -> str:
    return reports(
        review, api_version="wgpolicyk8s.io/v1alpha2", kind="PolicyReport", cluster_kind="ClusterPolicyReport"
    )
