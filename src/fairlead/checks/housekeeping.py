"""Rules about a review's own input: what cannot be read, and exceptions that say too little or are needed no more."""

from fairlead.checks.rule import Rule
from fairlead.model.finding import Severity

_SOURCE = "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/"
_MANIFESTS = "https://kubernetes.io/docs/concepts/overview/working-with-objects/"

UNREASONED = Rule(
    id="DEL011",
    title="Exception without a reason",
    severity=Severity.ERROR,
    why="Nobody will know later whether it may go; it is not applied.",
    fix="Say why in `fairlead.dev/except-reason`, or in `reason` of the central file.",
    source=_SOURCE,
)
EXPIRED = Rule(
    id="DEL012",
    title="Exception that has expired",
    severity=Severity.WARNING,
    why="It was meant to end; it is not applied any more.",
    fix="Mend what it excepts, or give it a new end and say why.",
    source=_SOURCE,
)
UNUSED = Rule(
    id="DEL013",
    title="Exception that excepts nothing",
    severity=Severity.ADVICE,
    why="What it excepted is mended, or it names the wrong rule; left alone it will hide the next one.",
    fix="Remove it.",
    source=_SOURCE,
)


def _input(number: str, title: str, why: str, fix: str, source: str = _MANIFESTS) -> Rule:
    return Rule(id=f"DEL{number}", title=title, severity=Severity.ERROR, why=why, fix=fix, source=source)


# What hides something from judgement. `fairlead.manifests` finds these, and those of READ.
UNREAD = (
    _input("001", "YAML or JSON cannot be read", "Nothing in the document is applied or judged.", "Mend the syntax."),
    _input(
        "003",
        "A template was not rendered",
        "Kubernetes does not know `{{ … }}`; what it becomes was not judged.",
        "Check the chart's folder, or what `helm template` prints.",
        "https://helm.sh/docs/helm/helm_template/",
    ),
    _input("004", "Not text in UTF-8", "Kubernetes reads UTF-8 alone.", "Save it as UTF-8, or leave it out."),
    _input("005", "Too large to read", "Nothing in it was judged.", "Check it in parts, or leave it out."),
    _input("006", "Tabs where YAML wants spaces", "No parser takes them.", "Indent with spaces."),
    _input(
        "008", "Aliases that expand without bound", "Reading it would take all memory.", "Write out what is repeated."
    ),
    _input("009", "Nested too deep", "No manifest is; reading it may break its readers.", "Leave it out."),
    _input(
        "010",
        "A file or folder cannot be opened",
        "Nothing in it was judged.",
        "Mend its permissions, or leave it out.",
    ),
    _input(
        "015",
        "A Helm chart was not rendered",
        "None of its objects was judged.",
        "Install `helm`, give the values it asks for, or pipe `helm template` into `fairlead check -`.",
        "https://helm.sh/docs/helm/helm_template/",
    ),
    _input(
        "016",
        "A Kustomize folder was not built",
        "None of its objects was judged.",
        "Install `kustomize` or `kubectl`, or pipe what they print into `fairlead check -`.",
        "https://kubernetes.io/docs/tasks/manage-kubernetes-objects/kustomization/",
    ),
    _input("017", "A Helm release cannot be decoded", "None of its objects was judged.", "Check its chart instead."),
    _input(
        "018",
        "A kind of a cluster was not read",
        "None of its objects was judged, and rules that look at it have no evidence.",
        "Let the identity list it: `fairlead check rbac` prints a ClusterRole.",
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    ),
)
# What was read all the same.
READ = (
    _input(
        "002", "A key stands twice in one mapping", "Only the last counts, so the first was lost unseen.", "Keep one."
    ),
    _input("007", "A value of the wrong type", "The API server refuses the object.", "Write what the field asks for."),
    _input("014", "Not a Kubernetes object", "It was not judged, and `kubectl apply` fails on it.", "Leave it out."),
)
HOUSEKEEPING = (UNREASONED, EXPIRED, UNUSED, *UNREAD, *READ)
