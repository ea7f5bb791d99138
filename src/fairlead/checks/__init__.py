"""Rules that tell whether Kubernetes objects are ready for production. Pure: objects in, findings out."""
