"""Reads Kubernetes objects from files, folders, standard input, Helm charts and Kustomize folders."""

from fairlead.manifests.found import Options, Problem, Read

__all__ = ["Options", "Problem", "Read"]
