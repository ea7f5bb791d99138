"""Asks a real API server and our engine about the same objects, and tells where they differ."""

import hashlib
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple

import httpx
import msgspec

from fairlead.checks.compiled import Compiled
from fairlead.checks.examples import CLUSTER_WIDE, VERSIONS, written_out
from fairlead.checks.judge import judge
from fairlead.checks.rule import ObjectRule
from fairlead.checks.scope import Scope
from fairlead.checks.state import State
from fairlead.policies import Action, Exported, exported
from fairlead.policies.admission import policy_of
from fairlead.policies.kinds import is_foreign, kinds_of, resource_of
from fairlead.snapshot.objects import KubeObject, Objects
from policies.api_server import VERSION, ApiServer
from policies.completing import completed

MINOR = VERSION.minor
# The server cuts off what goes beyond 4,096 characters of warnings.
_ROOM = 3900
_DIGITS = "012"
_WARNING = re.compile(r"ValidatingAdmissionPolicy '([^']*)' with binding '[^']*': (.*)", re.DOTALL)
_TYPE_ERROR = re.compile(r"ERROR: <input>:\d+:\d+: (.*)")
_CANARY = "canary"


class Difference(NamedTuple):
    rule: str
    ours: str
    theirs: str
    whole: Mapping[str, Any]


class Told(NamedTuple):
    """What the server said of one object: the object as it would be kept, and each rule's word; or why it refused."""

    kept: Mapping[str, Any] | None
    said: Mapping[str, str]
    refused: str = ""


class Proof:
    """Policies of all `rules` in a server, and what came of the objects that were shown to it."""

    def __init__(self, server: ApiServer, rules: Iterable[ObjectRule]) -> None:
        self.server = server
        sayable = [(rule, exported(rule, minor=MINOR, actions=(Action.DENY,))) for rule in rules]
        self.pairs = [(rule, policy) for rule, policy in sayable if isinstance(policy, Exported)]
        self.unsayable = [policy for _, policy in sayable if not isinstance(policy, Exported)]
        self.compiled = [Compiled(rule) for rule, _ in self.pairs]
        self._kinds = {rule.id: frozenset(kinds_of(rule)) for rule, _ in self.pairs}
        self.counts: Counter[str] = Counter()
        self.by_rule: dict[str, Counter[str]] = {rule.id: Counter() for rule, _ in self.pairs}
        self.defaulted: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.differences: list[Difference] = []

    def load(self) -> None:
        """Kinds, namespaces, policies; returns when the last one is in force."""
        self._define_kinds()
        for namespace in sorted({each["metadata"].get("namespace", "default") for each in self.examples()}):
            accept(self.server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}))
        for rule, pair in self.pairs:
            policy = quiet(pair.policy, code_of(rule.id))
            accept(self.server.create(policy), rule.id)
            accept(self.server.create(warning(pair.binding, policy)), rule.id)
        self._until_in_force()

    def examples(self) -> Iterator[dict[str, Any]]:
        """Every rule's, the good ones and the bad."""
        for rule, _ in self.pairs:
            for example in (*rule.good, *rule.bad):
                yield written_out(example)

    def accepted(self) -> list[dict[str, Any]]:
        """Examples that the server takes, filled with what it asks for where it does not take them as they are."""
        with ThreadPoolExecutor(4) as several:
            return [each for each in several.map(self._taken, self.examples()) if each is not None]

    def _taken(self, whole: dict[str, Any]) -> dict[str, Any] | None:
        for each in (whole, completed(whole)):
            with suppress(KeyError, TypeError, ValueError):
                if self.server.judge(each, fieldManager="nobody").is_success:
                    return each
        return None

    def show(self, objects: Iterable[Mapping[str, Any]]) -> None:
        """Each object to both; what they say is counted, and kept where it differs."""
        with ThreadPoolExecutor(4) as several:
            for sent, told in several.map(lambda whole: (whole, self.ask(whole)), objects):
                self._compare(sent, told)

    def ask(self, whole: Mapping[str, Any]) -> Told:
        try:
            answer = self.server.judge(whole)
        except (KeyError, TypeError, ValueError) as error:
            return Told(None, {}, f"not to be sent: {type(error).__name__}")
        if not answer.is_success:
            return Told(None, {}, answer.json().get("reason", str(answer.status_code)))
        return Told(answer.json(), self._said_of(whole, answer, ""))

    def _said_of(self, whole: Mapping[str, Any], answer: httpx.Response, asked: str) -> dict[str, str]:
        """What the rules whose codes begin with `asked` say; where it is too much for one answer, asked in parts."""
        warnings = answer.headers.get_list("warning", split_commas=False)
        if sum(map(len, warnings)) < _ROOM:
            return _said(warnings)
        said: dict[str, str] = {}
        for digit in _DIGITS:
            self.counts["asked again"] += 1
            part = asked + digit
            said |= self._said_of(whole, self.server.judge(whole, fieldManager=part), part)
        return said

    def _compare(self, sent: Mapping[str, Any], told: Told) -> None:
        if told.kept is None:
            self.counts["refused"] += 1
            self.refusals[f"{sent.get('kind')}: {told.refused}"] += 1
            return
        kept = KubeObject(dict(told.kept))
        if _is_owned(kept) or not self._is_judged_as(kept):
            self.counts["skipped"] += 1
            return
        self.counts["judged"] += 1
        ours, before = self.ours(kept), self.ours(KubeObject(dict(sent)))
        for compiled in self.compiled:
            rule = compiled.rule
            if kept.key not in self._kinds[rule.id] or not compiled.applies_to(kept.key, kept.pod_spec is not None):
                continue
            mine, theirs = ours.get(rule.id, "clean"), told.said.get(rule.id, "clean")
            self.counts["verdicts"] += 1
            self.counts[theirs] += 1
            self.by_rule[rule.id][theirs] += 1
            self.defaulted[rule.id] += mine != before.get(rule.id, "clean")
            if mine != theirs:
                self.differences.append(Difference(rule.id, mine, theirs, told.kept))
        asked = {rule for rule, kinds in self._kinds.items() if kept.key in kinds}
        for other in told.said.keys() - asked:
            self.differences.append(Difference(other, "not asked", told.said[other], told.kept))

    def unseen(self) -> dict[str, str]:
        """Rules of which no object broke any, each with what became of its bad examples."""
        seen = {rule_id for rule_id, words in self.by_rule.items() if words["found"]}
        return {each.rule.id: self._fate(each) for each in self.compiled if each.rule.id not in seen}

    def _fate(self, compiled: Compiled) -> str:
        rule = compiled.rule
        taken = [whole for example in rule.bad if (whole := self._taken(written_out(example)))]
        if not taken:
            return "the API server refuses what it finds"
        if any(rule.id in self.ours(KubeObject(whole)) for whole in taken):
            return "the API server fills in what it misses, or drops what it finds (a status)"
        return "its examples set parameters or a version of their own, or are filled to be accepted"

    def ours(self, whole: KubeObject) -> dict[str, str]:
        """`found` or `failed` for each rule that says anything."""
        verdict = judge(Scope(Objects([whole]), minor=MINOR), self.compiled)
        failed = {outcome.id: "failed" for outcome in verdict.outcomes if outcome.state is State.FAILED}
        return failed | {found.id: "found" for found in verdict.findings}

    def _is_judged_as(self, kept: KubeObject) -> bool:
        """Policies see the version they name; an answer in another version shows something else."""
        return is_foreign(kept.key) or kept.raw["apiVersion"] == VERSIONS.get(kept.kind)

    def _define_kinds(self) -> None:
        """Kinds that this server does not know, with any fields."""
        wanted = {kind for rule, _ in self.pairs for kind in kinds_of(rule)}
        versions = {KubeObject(each).key: each["apiVersion"] for each in self.examples()}
        made = []
        for kind in sorted(wanted):
            version = versions.get(kind) or VERSIONS.get(kind, "")
            if version and not self.server.serves(version, kind.partition(".")[0]):
                accept(self.server.create(_definition(kind, version)), kind)
                made.append((version, kind.partition(".")[0]))
        until(lambda: all(self.server.serves(*each) for each in made), "the new kinds")

    def type_warnings(self) -> dict[str, set[str]]:
        """
        What the API server's type checker says, and of which rules. Needs a server that runs with `types`.

        A policy for pods of all kinds hides the types behind `dyn`; a second one, for Deployments alone, shows them.
        """
        wanted = [rule for rule, _ in self.pairs if rule.applies == "workloads"]
        for rule in wanted:
            narrow = policy_of(msgspec.structs.replace(rule, applies=("Deployment",)), MINOR, {}, fails=False)
            accept(self.server.create({**narrow, "metadata": {"name": f"{rule.id.lower()}-typed"}}), rule.id)
        until(lambda: all("observedGeneration" in each.get("status", {}) for each in self._policies()), "types", 300)
        said: dict[str, set[str]] = {}
        for each in self._policies():
            rule_id = each["metadata"]["name"].partition("-")[0].upper()
            for warned in each["status"].get("typeChecking", {}).get("expressionWarnings", []):
                for error in _TYPE_ERROR.findall(warned["warning"]):
                    said.setdefault(error, set()).add(rule_id)
        return said

    def _policies(self) -> list[dict[str, Any]]:
        path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
        return [each for each in self.server.get(path)["items"] if each["metadata"]["name"] != _CANARY]

    def unlike_messages(self) -> Iterator[str]:
        """
        Bad examples whose message in a policy is not that of our finding. The policies are then as they are exported.
        """
        for rule, pair in self.pairs:
            loud = spoken(pair.policy, rule.id.lower())
            self.server.replace(loud)
        self.server.replace(canary("again"))
        until(lambda: any("again" in each for each in self._warnings(PROBE)), "the messages")
        for compiled in self.compiled:
            for example in compiled.rule.bad:
                yield from self._unlike(compiled, written_out(example))

    def _unlike(self, compiled: Compiled, example: dict[str, Any]) -> Iterator[str]:
        rule = compiled.rule
        whole = self._taken(example)
        answer = None if whole is None else self.server.judge(whole, fieldManager=rule.id.lower())
        if answer is None or not answer.is_success:
            return
        warnings = answer.headers.get_list("warning", split_commas=False)
        said = [match[2] for each in warnings if (match := _WARNING.search(_unquoted(each)))]
        kept = KubeObject(answer.json())
        if kept.key not in self._kinds[rule.id]:
            return
        findings = judge(Scope(Objects([kept]), minor=MINOR), [compiled]).findings
        # Lists in lists are told by a plain message.
        plain = compiled.each is not None and "[]" in compiled.each.lists[0]
        expected = [rule.message or rule.title if plain else found.message.strip() for found in findings]
        self.counts["messages"] += len(expected)
        if any(not any(each in text for text in said) for each in expected):
            yield f"{rule.id}: ours {expected}, theirs {said}"

    def _until_in_force(self) -> None:
        alive = canary("alive")
        accept(self.server.create(alive))
        binding = {"apiVersion": alive["apiVersion"], "kind": "ValidatingAdmissionPolicyBinding"}
        accept(self.server.create(warning({**binding, "metadata": {}, "spec": {}}, alive)))
        until(lambda: any("alive" in each for each in self._warnings(PROBE)), "the policies")

    def _warnings(self, whole: Mapping[str, Any]) -> Sequence[str]:
        return self.server.create(whole, dryRun="All").headers.get_list("warning", split_commas=False)


PROBE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": _CANARY, "namespace": "default"}}


def canary(word: str) -> dict[str, Any]:
    """The last policy that is loaded: where it is in force, all are."""
    config_maps = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": _CANARY},
        "spec": {
            "matchConstraints": {"resourceRules": [config_maps]},
            "validations": [{"expression": f"object.metadata.name != '{_CANARY}'", "message": word}],
        },
    }


def quiet(policy: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The same policy with words so short that many find room in one answer."""
    short = spoken(policy, code)
    rule = policy["metadata"]["labels"]["fairlead.dev/rule"]
    validations = [{"expression": each["expression"], "message": rule} for each in policy["spec"]["validations"]]
    return {**short, "spec": {**short["spec"], "validations": validations}}


def spoken(policy: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The policy as it is, under a short name, and silent where a request names another `fieldManager` than a beginning
    of its code."""
    spec = policy["spec"]
    asked = f"'{code}'.startsWith(request.options.?fieldManager.orValue(''))"
    conditions = [*spec.get("matchConditions", []), {"name": "asked", "expression": asked}]
    name = policy["metadata"]["labels"]["fairlead.dev/rule"].lower()
    return {**policy, "metadata": {"name": name}, "spec": {**spec, "matchConditions": conditions}}


def code_of(rule: str) -> str:
    """Some digits that share rules out evenly."""
    return "".join(_DIGITS[byte % 3] for byte in hashlib.sha256(rule.encode()).digest()[:6])


def warning(binding: Mapping[str, Any], policy: Mapping[str, Any]) -> dict[str, Any]:
    name = policy["metadata"]["name"]
    spec = {"policyName": name, "validationActions": ["Warn"]}
    return {**binding, "metadata": {"name": name}, "spec": spec}


def _said(warnings: Iterable[str]) -> dict[str, str]:
    said = {}
    for each in warnings:
        if match := _WARNING.search(_unquoted(each)):
            # An error has other words; they may be cut off at the end.
            rule = match[1].upper()
            said[rule] = "found" if match[2] == rule else "failed"
    return said


def _unquoted(warned: str) -> str:
    """The text of `299 - "a \\"quoted\\" word"`."""
    return re.sub(r"\\(.)", r"\1", warned.partition('"')[2].removesuffix('"'))


def _is_owned(kept: KubeObject) -> bool:
    owners = kept.raw["metadata"].get("ownerReferences", [])
    return any(owner.get("controller") for owner in owners)


def _definition(kind: str, version: str) -> dict[str, Any]:
    name = kind.partition(".")[0]
    group, _, within = version.partition("/")
    plural = resource_of(kind).plural
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": group,
            "scope": "Cluster" if name in CLUSTER_WIDE else "Namespaced",
            "names": {"plural": plural, "singular": name.lower(), "kind": name},
            "versions": [{"name": within, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def accept(answer: Any, about: str = "") -> None:
    if not answer.is_success and answer.status_code != 409:
        raise AssertionError(f"{about}: {answer.text}")


def until(is_so: Any, what: str, within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} are not there after {within:g} s")
        time.sleep(0.2)
