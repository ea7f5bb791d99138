"""A review as Report objects of openreports.io: one for each namespace, to be applied to the cluster it is about."""

from fairlead.review.report.reports import reports
from fairlead.review.result import Review


def text_of(review: Review) -> str:
    return reports(review, api_version="openreports.io/v1alpha1", kind="Report", cluster_kind="ClusterReport")
