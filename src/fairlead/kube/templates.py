"""Which custom kinds make pods: those whose schema has containers where pod templates are kept."""

from typing import Any, Generic, TypeVar

import msgspec

from fairlead.snapshot.objects import key_of

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
# A definition may be half a megabyte; all of a big cluster's at once would be more than its pods.
PAGE = 25

F = TypeVar("F")


class _Schema(msgspec.Struct, Generic[F], frozen=True):
    """Of an OpenAPI schema the properties we go down by; the rest is passed over without being built."""

    properties: F | None = None


class _Pod(msgspec.Struct, frozen=True):
    # Empty where there are none; what they are is of no interest.
    containers: msgspec.Raw = msgspec.Raw()


class _PodTemplate(msgspec.Struct, frozen=True):
    spec: _Schema[_Pod] | None = None


class _Job(msgspec.Struct, frozen=True):
    template: _Schema[_PodTemplate] | None = None


class _JobTemplate(msgspec.Struct, frozen=True):
    spec: _Schema[_Job] | None = None


class _Template(msgspec.Struct, frozen=True, rename="camel"):
    spec: _Schema[_Pod] | None = None
    job_template: _Schema[_JobTemplate] | None = None


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    template: _Schema[_Template] | None = None
    job_template: _Schema[_JobTemplate] | None = None


class _Root(msgspec.Struct, frozen=True):
    spec: _Schema[_Spec] | None = None


class _Validation(msgspec.Struct, frozen=True):
    schema: _Schema[_Root] | None = msgspec.field(name="openAPIV3Schema", default=None)


class _Version(msgspec.Struct, frozen=True):
    served: bool = False
    schema: _Validation | None = None


class _Names(msgspec.Struct, frozen=True):
    kind: str = ""


class _DefinitionSpec(msgspec.Struct, frozen=True):
    group: str = ""
    names: _Names = _Names()
    versions: list[_Version] | None = None


class Definition(msgspec.Struct, frozen=True):
    spec: _DefinitionSpec = _DefinitionSpec()


def pod_maker(definition: Definition) -> str:
    """Its kind, as `KubeObject.key`; empty where it makes no pods."""
    spec = definition.spec
    makes = any(each.served and each.schema and _has_containers(each.schema) for each in spec.versions or ())
    return key_of(spec.group, spec.names.kind) if makes else ""


def _has_containers(validation: _Validation) -> bool:
    # The places of `fairlead.snapshot.objects`.
    spec = _down(validation.schema, "spec")
    template = _down(spec, "template")
    pods = (
        _down(template, "spec"),
        _down(spec, "job_template", "spec", "template", "spec"),
        _down(template, "job_template", "spec", "template", "spec"),
    )
    return any(bytes(_down(pod, "containers") or b"") for pod in pods)


def _down(schema: Any, *steps: str) -> Any:
    for step in steps:
        properties = getattr(schema, "properties", None)
        schema = getattr(properties, step, None)
    return schema
