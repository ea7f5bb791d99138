"""The tools the twin is made of, built from Go modules and kept in a cache."""

from fairlead.twin.tools.build import Progress, ensure
from fairlead.twin.tools.cache import path
from fairlead.twin.tools.recipes import KUBERNETES_VERSIONS, RECIPES

__all__ = ["KUBERNETES_VERSIONS", "RECIPES", "Progress", "ensure", "path"]
