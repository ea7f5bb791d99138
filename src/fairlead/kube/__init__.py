"""The only Kubernetes client."""
