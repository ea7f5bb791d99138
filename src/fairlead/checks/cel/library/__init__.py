"""The functions of CEL and of the Kubernetes libraries, by subject."""
