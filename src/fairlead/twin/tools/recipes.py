"""Which tools the twin is made of and how each is built: one entry a tool."""

import hashlib
from functools import cache
from pathlib import Path

import msgspec

from fairlead.model.errors import UsageError
from fairlead.model.version import Version

MODULES = Path(__file__).parent / "modules"

# The control plane versions the twin can run, named like GKE's: two minors, two patches of each.
KUBERNETES_VERSIONS = tuple(
    Version(text) for text in ("1.35.4-gke.1100", "1.35.5-gke.1200", "1.36.3-gke.1000", "1.36.4-gke.1300")
)

# Any fixed moment: what is built must not depend on when.
_BUILD_DATE = "2026-09-01T00:00:00Z"


class Recipe(msgspec.Struct, frozen=True):
    """
    A tool: the Go package it is, and the folder under `modules/` whose go.mod and go.sum pin what it is built from.

    `versioned`: built once for each of `KUBERNETES_VERSIONS`, by linking the same code with another version in it.
    `reports`: the version that an unversioned one says it is. `twin`: the twin runs it; the others are for tests.
    """

    name: str
    module: str
    package: str
    versioned: bool = False
    reports: Version | None = None
    twin: bool = True

    @property
    def folder(self) -> Path:
        return MODULES / self.module

    def link_flags(self, version: Version | None) -> str:
        """For `go build -ldflags`: no symbol tables, and the version the binary says it is."""
        return " ".join(["-s -w", *_version_flags(version or self.reports)])

    def key(self, version: Version | None) -> str:
        """Names the binary in the cache; changes with everything that the binary depends on."""
        digest = hashlib.sha256(_pins(self.folder))
        for part in (self.name, self.package, self.link_flags(version)):
            digest.update(b"\0" + part.encode())
        return digest.hexdigest()[:20]


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
        Recipe("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", versioned=True),
        Recipe(
            "kube-controller-manager", "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", versioned=True
        ),
        Recipe("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", versioned=True),
        Recipe("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl", reports=KUBERNETES_VERSIONS[-1]),
        Recipe("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok"),
        Recipe("temporal", "temporal", "github.com/temporalio/cli/cmd/temporal"),
        Recipe("helm", "helm", "helm.sh/helm/v3/cmd/helm", twin=False),
        Recipe("kustomize", "kustomize", "sigs.k8s.io/kustomize/kustomize/v5", twin=False),
    )
}

TWIN_TOOLS = tuple(name for name, recipe in RECIPES.items() if recipe.twin)


class Tool(msgspec.Struct, frozen=True):
    """One binary to have: a recipe and, where it is a versioned one, which version."""

    recipe: Recipe
    version: Version | None = None

    def __str__(self) -> str:
        return f"{self.recipe.name} {self.version}" if self.version else self.recipe.name

    @property
    def key(self) -> str:
        return self.recipe.key(self.version)


def find(name: str, version: Version | None = None) -> Tool:
    """The tool of that name; UsageError where there is no such tool or version."""
    recipe = RECIPES.get(name)
    if recipe is None:
        raise UsageError(f"there is no recipe for `{name}`", hint=f"there are: {', '.join(RECIPES)}")
    if not recipe.versioned:
        return Tool(recipe)
    if version not in KUBERNETES_VERSIONS:
        offered = ", ".join(str(each) for each in KUBERNETES_VERSIONS)
        raise UsageError(f"`{name}` cannot be built as `{version}`", hint=f"the twin has: {offered}")
    return Tool(recipe, version)


def tools_of(name: str) -> tuple[Tool, ...]:
    """A recipe in all its versions."""
    if name in RECIPES and RECIPES[name].versioned:
        return tuple(find(name, version) for version in KUBERNETES_VERSIONS)
    return (find(name),)


def _version_flags(version: Version | None) -> list[str]:
    if version is None:
        return []
    values = {
        "gitVersion": f"v{version}",
        "gitMajor": str(version.major),
        "gitMinor": str(version.minor),
        "gitTreeState": "clean",
        "gitCommit": hashlib.sha1(str(version).encode(), usedforsecurity=False).hexdigest(),
        "buildDate": _BUILD_DATE,
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return [f"-X {package}.{name}={value}" for package in packages for name, value in values.items()]


@cache
def _pins(folder: Path) -> bytes:
    return (folder / "go.mod").read_bytes() + (folder / "go.sum").read_bytes()
