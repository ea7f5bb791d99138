"""What may go wrong between us and an API server, in our words."""

from fairlead.model.errors import FairleadError, UnreachableError


class KubeUnavailableError(UnreachableError):
    """The API server did not answer, or said that it cannot now. Try again."""


class KubeRefusedError(FairleadError):
    """The API server knows us not, or will not let us. Asking again does not help."""
