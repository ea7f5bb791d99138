"""`make prove-rules`: every rule, its examples and thousands of mutated objects, on a real API server and by us."""

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fairlead.checks.rule import ObjectRule
from fairlead.review.rulebook import open_rulebook
from fairlead.twin import tools
from policies.api_server import VERSION, running
from policies.mutating import Mutator
from policies.proving import Proof


def main() -> int:
    """Prints what was compared; 1 where anything differs."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mutated", type=int, default=6000, help="how many mutated objects")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--rule", action="append", default=[], help="only rules whose ids begin so")
    wanted = asked.parse_args()
    # Its servers must not outlive it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tools.ensure()
    begins = tuple(wanted.rule) or ("",)
    rules = [each for each in open_rulebook().rules if isinstance(each, ObjectRule) and each.id.startswith(begins)]
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), types=True) as server:
        proof = Proof(server, rules)
        for line in _lines(proof, wanted.mutated, wanted.seed):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 1 if proof.differences else 0


def _lines(proof: Proof, mutated: int, seed: int) -> Iterator[str]:
    begun = time.monotonic()
    proof.load()
    yield f"Kubernetes {VERSION}: {len(proof.pairs)} rules are policies, {len(proof.unsayable)} cannot be"
    for because, count in Counter(each.because for each in proof.unsayable).most_common():
        yield f"  {count}: {because}"
    examples = proof.accepted()
    proof.show(examples)
    yield f"examples: {_counted(proof)} ({time.monotonic() - begun:.0f} s)"
    proof.show(Mutator(examples, seed).objects(mutated))
    yield f"and {mutated} mutated objects: {_counted(proof)} ({time.monotonic() - begun:.0f} s)"
    yield from _seen(proof)
    differences = Counter((each.rule, each.ours, each.theirs) for each in proof.differences)
    yield f"differences: {len(proof.differences)}"
    yield from (f"  {rule}: ours {ours}, theirs {theirs}, {n} times" for (rule, ours, theirs), n in differences.items())
    yield from (f"    {each.rule}: {dict(each.whole)}" for each in proof.differences[:5])
    unlike = list(proof.unlike_messages())
    yield f"messages: {proof.counts['messages']} of bad examples, {len(unlike)} unlike"
    yield from (f"  {each}" for each in unlike)
    warned = proof.type_warnings()
    rules = {rule for ids in warned.values() for rule in ids}
    yield f"type checker: warns of {len(rules)} rules ({time.monotonic() - begun:.0f} s)"
    yield from (f"  {said}: {', '.join(sorted(ids))}" for said, ids in sorted(warned.items()))


def _seen(proof: Proof) -> Iterator[str]:
    unseen = Counter[str]()
    ids: dict[str, list[str]] = {}
    for rule, fate in proof.unseen().items():
        unseen[fate] += 1
        ids.setdefault(fate, []).append(rule)
    yield f"rules that no object broke there: {unseen.total()}"
    yield from (f"  {fate}: {', '.join(ids[fate])}" for fate in unseen)
    yield f"rules that broke on some object, on both sides: {_listed(proof, 'failed')}"
    changed = [rule for rule, count in proof.defaulted.items() if count > 50]
    yield f"rules whose verdict the server's defaults change often: {', '.join(changed)}"


def _listed(proof: Proof, word: str) -> str:
    return ", ".join(rule for rule, words in proof.by_rule.items() if words[word]) or "none"


def _counted(proof: Proof) -> str:
    counts = proof.counts
    return (
        f"{counts['judged']} objects, {counts['verdicts']} verdicts"
        f" ({counts['found']} found, {counts['failed']} errors), {counts['refused']} objects refused"
    )


if __name__ == "__main__":
    sys.exit(main())
