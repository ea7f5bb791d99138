"""The rules to judge by: Fairlead's own and a user's, compiled once and then kept in the user's cache folder."""

import os
import sys
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

import fairlead.checks.cel
from fairlead.checks import several, table
from fairlead.checks.cel import CelSyntaxError, Program, compile_program, dump, load
from fairlead.checks.compiled import Compiled
from fairlead.checks.housekeeping import HOUSEKEEPING
from fairlead.checks.rule import ObjectRule, Rule, SeveralRule
from fairlead.checks.state import Outcome, State
from fairlead.model.errors import UsageError
from fairlead.review import yamlfile

BUILT_IN = Path(table.__file__).parent / "rules"
_COMPILER = Path(fairlead.checks.cel.__file__).parent


class Pack(msgspec.Struct):
    """What the cache holds: the rules of one set of files, and their compiled programs."""

    rules: list[ObjectRule]
    programs: bytes


class Rulebook:
    """`rules` are all there are, by id; `ready` makes those ready that were chosen."""

    def __init__(self, own: Iterable[ObjectRule], programs: Iterable[Program], others: Iterable[SeveralRule]) -> None:
        self._programs = {(each.source, each.names): each for each in programs}
        self.rules: tuple[ObjectRule | SeveralRule, ...] = tuple(sorted((*own, *others), key=lambda rule: rule.id))

    @property
    def told(self) -> tuple[Rule, ...]:
        """Those that judge, and those that only a review itself finds."""
        return tuple(sorted((*self.rules, *HOUSEKEEPING), key=lambda rule: rule.id))

    def find(self, rule_id: str) -> Rule:
        """UsageError where there is none of this id."""
        for rule in self.told:
            if rule.id == rule_id.upper():
                return rule
        raise UsageError(f"no rule is called `{rule_id}`", hint="`fairlead check rules` lists them")

    def like(self, check: str) -> list[ObjectRule | SeveralRule]:
        """The rules that say what another tool's check says (`kube-linter:latest-tag`, or the check's name alone)."""
        asked = check.lower()
        return [
            rule
            for rule in self.rules
            if any(asked in {known.lower(), known.lower().partition(":")[2]} for known in rule.like)
        ]

    def ready(self, chosen: Iterable[Rule]) -> tuple[list[Compiled | SeveralRule], list[Outcome]]:
        """Rules made ready, and what is to be told of those whose expressions cannot be read: they hide no others."""
        made: list[Compiled | SeveralRule] = []
        broken: list[Outcome] = []
        for rule in chosen:
            if isinstance(rule, SeveralRule):
                made.append(rule)
            if not isinstance(rule, ObjectRule):
                continue
            try:
                made.append(Compiled(rule, self._program))
            except (CelSyntaxError, ValueError) as error:
                broken.append(Outcome(rule.id, State.FAILED, because=str(error)))
        return made, broken

    def _program(self, text: str, names: tuple[str, ...]) -> Program:
        return self._programs.get((text, names)) or compile_program(text, names=names)


def open_rulebook(folders: Sequence[Path] = ()) -> Rulebook:
    """Fairlead's rules and those of the user's `folders`; UsageError names the file and rule that cannot be meant."""
    files = [(path, path.read_bytes()) for folder in (BUILT_IN, *folders) for path in tables_in(folder)]
    place = _cache_folder() / f"{_key(files)}.msgpack"
    rules, programs = _kept(place) or _made(files, place)
    table.without_repeats(
        (*((rule, "the tables") for rule in rules), *((rule, "Fairlead") for rule in several.SEVERAL))
    )
    return Rulebook(rules, programs, several.SEVERAL)


def read_tables(files: Iterable[tuple[Path, bytes]]) -> list[ObjectRule]:
    """The rules in the files, without the cache."""
    return [rule for path, text in files for rule in table.rules_of(yamlfile.plain(text, str(path)), str(path))]


def tables_in(folder: Path) -> list[Path]:
    """The files of rules in a folder, or the one file."""
    if not folder.exists():
        raise UsageError("there is no such folder of rules", place=str(folder))
    return [folder] if folder.is_file() else sorted((*folder.rglob("*.yaml"), *folder.rglob("*.yml")))


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fairlead/checks"


def _key(files: Iterable[tuple[Path, bytes]]) -> str:
    """Another text of a rule, another compiler or another Python is another key."""
    # Checksums are enough against accident, and whoever may write here may run what he likes anyway: hashlib's import
    # takes longer than reading all the rules.
    said = [sys.version]
    said += [f"{path}\0{len(text)}\0{zlib.crc32(text)}\0{zlib.adler32(text)}" for path, text in files]
    for module in sorted((*_COMPILER.glob("*.py"), _COMPILER.parent / "rule.py")):
        about = module.stat()
        said.append(f"{module.name}\0{about.st_size}\0{about.st_mtime_ns}")
    key = "\0".join(said).encode()
    return f"{zlib.crc32(key):08x}{zlib.adler32(key):08x}{len(key):04x}"


def _kept(place: Path) -> tuple[list[ObjectRule], list[Program]] | None:
    # A cache of another make, or half a file, is as good as none.
    with suppress(OSError, msgspec.DecodeError, ValueError):
        pack = msgspec.msgpack.decode(place.read_bytes(), type=Pack)
        return pack.rules, load(pack.programs)
    return None


def _made(files: list[tuple[Path, bytes]], place: Path) -> tuple[list[ObjectRule], list[Program]]:
    programs: dict[tuple[str, tuple[str, ...]], Program] = {}

    def compiling(text: str, names: tuple[str, ...]) -> Program:
        return programs.setdefault((text, names), compile_program(text, names=names))

    rules = read_tables(files)
    for rule in rules:
        with suppress(CelSyntaxError, ValueError):  # told when the rule is chosen
            Compiled(rule, compiling)
    # Whoever may not write there only waits longer next time.
    with suppress(OSError):
        _write(place, msgspec.msgpack.encode(Pack(rules, dump(programs.values()))))
    return rules, list(programs.values())


def _write(place: Path, data: bytes) -> None:
    """Whole or not at all, and only this user's: programs are loaded from it."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = place.with_suffix(f".{os.getpid()}")
    half.write_bytes(data)
    half.replace(place)
    for older in place.parent.glob("*.msgpack"):
        if older != place and older.stat().st_mtime < place.stat().st_mtime - 30 * 86400:
            older.unlink(missing_ok=True)
