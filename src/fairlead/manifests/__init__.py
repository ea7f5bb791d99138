"""Reads Kubernetes objects from files, folders, standard input, Helm charts and Kustomize folders."""

from fairlead.manifests.found import PROBLEMS, STDIN, Options, Problem, Read, locate
from fairlead.manifests.inputs import read

__all__ = [
    "PROBLEMS",
    "STDIN",
    "Options",
    "Problem",
    "Read",
    "locate",
    "read",
]
