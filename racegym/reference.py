"""The reference page: Markdown tables of signals, controls, terms and options, made from the code that they describe.

``python -m racegym.reference docs/`` writes ``reference.md`` there; a test holds the committed page against `page`.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import typing
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from racegym import registry
from racegym.actions import ACTIONS, ActionConfig
from racegym.config import RunConfig
from racegym.observations import OBSERVATIONS, ObservationConfig, SignalTerm
from racegym.paths import shipped
from racegym.rewards import REWARDS
from racegym.sensors import obtainable
from racegym.signals import COMMON, CONTROLS, SIGNALS, Signal
from racegym.simulator import Backend
from racegym.terminations import TERMINATIONS
from racegym.terms import TermTable
from racegym.truncation import TruncationConfig

NAME = "reference.md"
HEAD = """\
# Reference

Made from the code by `python -m racegym.reference docs/`; do not edit. [interface.md](interface.md) says what the
tables mean.
"""


def page() -> str:
    """The whole page."""
    known = [backend for name, backend in registry.backends().items() if name in _shipped()]
    sections = [
        ("Signals", signals(known)),
        ("Controls", controls(known)),
        ("Observation", _parameters([("", ObservationConfig)])),
        ("Observation terms", observation_terms()),
        ("Action", _parameters([("", ActionConfig)])),
        ("Action terms", terms(ACTIONS)),
        ("Reward terms", terms(REWARDS)),
        ("Termination terms", terms(TERMINATIONS)),
        ("Truncation", _parameters([("", TruncationConfig)])),
        ("Run file, beside `simulator` and `task`", _parameters([("", RunConfig)])),
        *((f"Options of `{backend.name}`", options(backend)) for backend in known),
    ]
    return HEAD + "".join(f"\n## {title}\n\n{body}" for title, body in sections)


def signals(backends: Sequence[Backend]) -> str:
    """Every signal, and how each simulator with default options comes by it."""
    specs = [backend.build(backend.options()).spec for backend in backends]
    rows = []
    for name, signal in SIGNALS.items():
        ways = [
            "yes" if name in spec.signals else "derived" if name in obtainable(spec) else "-"
            for spec in specs
        ]
        common = "yes" if name in COMMON else ""
        rows.append([*_quantity(signal), f"{signal.scale:g}", signal.meaning, common, *ways])
    return _table(["signal", "unit", "range", "scale", "meaning", "common", *_names(backends)], rows)


def controls(backends: Sequence[Backend]) -> str:
    """Every control, and which simulators obey it."""
    specs = [backend.build(backend.options()).spec for backend in backends]
    rows = [
        [*_quantity(signal), signal.meaning, *("yes" if name in spec.controls else "-" for spec in specs)]
        for name, signal in CONTROLS.items()
    ]
    return _table(["control", "unit", "range", "meaning", *_names(backends)], rows)


def observation_terms() -> str:
    """Terms that are a signal share a row; the others have one each."""
    own = {n: c for n, c in OBSERVATIONS.terms.items() if not issubclass(c, SignalTerm)}
    common = ["any signal's name", "The signal divided by `scale`.", _inline(SignalTerm)]
    return _table(["term", "gives", "parameters and defaults"], [common, *_term_rows(own)]) + (
        "\n" + _meanings([SignalTerm, *own.values()])
    )


def terms(table: TermTable) -> str:
    """One row a term: name, summary, parameters with their defaults; then what the parameters mean."""
    rows = _table(["term", "is", "parameters and defaults"], _term_rows(table.terms))
    meanings = _meanings(table.terms.values())
    return f"{rows}\n{meanings}" if meanings else rows


def options(backend: Backend) -> str:
    """A backend's options, those of sections inside them by dotted path."""
    return _parameters(_sections("", backend.options))


def _sections(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield prefix, model
    for name, field in model.model_fields.items():
        if inner := _model(field.annotation):
            yield from _sections(f"{prefix}{name}.", inner)


def _model(annotation: Any) -> type[BaseModel] | None:
    candidates = (annotation, *typing.get_args(annotation))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def _parameters(models: Iterable[tuple[str, type[BaseModel]]]) -> str:
    rows = []
    for prefix, model in models:
        meanings = descriptions(model)
        for name, field in model.model_fields.items():
            default = _default(field)
            if _is_section(field) or name in ("terms", "simulator", "task"):
                continue
            rows.append([f"`{prefix}{name}`", _choices(field), default, meanings.get(name, "")])
    return _table(["key", "is", "default", "meaning"], rows)


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.default, BaseModel)


def _term_rows(classes: dict[str, Any]) -> list[list[str]]:
    return [[f"`{name}`", _summary(cls), _inline(cls)] for name, cls in classes.items()]


def _summary(cls: type) -> str:
    """The docstring's first paragraph."""
    return " ".join(inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())


def _inline(model: type[BaseModel]) -> str:
    parts = []
    for name, field in model.model_fields.items():
        kinds = typing.get_args(field.annotation)
        literal = typing.get_origin(field.annotation) is Literal
        parts.append(f"`{name}` {' or '.join(map(str, kinds)) if literal else _default(field)}")
    return "; ".join(parts)


def _meanings(classes: Iterable[type[BaseModel]]) -> str:
    """A list of the parameters that the code explains, each once."""
    known: dict[str, str] = {}
    for cls in classes:
        for name, text in descriptions(cls).items():
            known.setdefault(name, text)
    return "".join(f"- `{name}`: {text}\n" for name, text in known.items())


def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """What each field of `model` means: its description, else the string that follows it in the class's source."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if issubclass(cls, BaseModel) and cls.__module__.startswith("racegym"):
            found |= _attribute_docstrings(cls)
    given = {name: field.description for name, field in model.model_fields.items() if field.description}
    return {name: text for name, text in (found | given).items() if name in model.model_fields}


def _attribute_docstrings(cls: type) -> dict[str, str]:
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    except (OSError, TypeError):  # made at run time: no source
        return {}
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[field.target.id] = " ".join(str(text.value.value).split())
    return found


def _choices(field: FieldInfo) -> str:
    """Type and limits of a field, for people."""
    limits = {
        mark: bound
        for attribute, mark in (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"))
        for item in field.metadata
        if (bound := getattr(item, attribute, None)) is not None
    }
    return _kind(field.annotation) + "".join(f", {mark} {bound:g}" for mark, bound in limits.items())


def _kind(annotation: Any) -> str:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin is typing.Annotated:
        return _kind(inner[0])
    if origin is tuple:
        return f"list of {_kind(inner[0])}"
    if inner:
        return " or ".join(_kind(one) for one in inner)
    names = {float: "number", int: "whole number", bool: "true or false", str: "text", type(None): "null"}
    return names.get(annotation, "section")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return _value(field.get_default(call_default_factory=True))  # pyright: ignore[reportCallIssue]


def _value(value: object) -> str:
    """A default as YAML writes it, short."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    return str(value)


def _quantity(signal: Signal) -> list[str]:
    width = f" ({signal.size})" if signal.shape else ""
    unit = "" if signal.unit == "1" else signal.unit
    limits = "0 or 1" if signal.kind == "flag" else f"{signal.low:.4g} to {signal.high:.4g}"
    return [f"`{signal.name}`{width}", unit, limits]


def _names(backends: Iterable[Backend]) -> list[str]:
    return [f"`{backend.name}`" for backend in backends]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _shipped() -> set[str]:
    """Backends of this distribution: those with a folder of configurations. Others' have no place on our page."""
    return {path.name for path in shipped("configs").iterdir() if path.is_dir()}


if __name__ == "__main__":
    (Path(sys.argv[1]) / NAME).write_text(page(), encoding="utf-8")
