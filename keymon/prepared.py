"""Turns SQLAlchemy statements into text and values for a driver, each statement once.

SQLAlchemy's own way from a statement to rows costs more than a row by primary key does, and the search for
the start of the log reads some two dozen of those. Its Core stays the language in which statements are
written; a driver's cursor runs them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, SelectBase, TextClause
from sqlalchemy.sql.compiler import SQLCompiler

Statement = SelectBase | TextClause


@dataclass(frozen=True, slots=True)
class _Prepared:
    sql: str
    constants: Mapping[str, object]
    inputs: tuple[tuple[str, Callable[[Any], object] | None], ...]
    """The parameters that come with each read, and what the dialect makes of them: SQLite stores times as text."""
    varying: SQLCompiler | None
    """Set where a list for `in_()` comes with each read: then the text depends on its length."""


def prepared(statement: Statement, dialect: Dialect, values: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Return the text of `statement` for the driver and the parameters to run it with, by name.

    Give a statement that is a constant of its module: it is compiled once and kept. The dialect's
    `paramstyle` must be one that names parameters. Raises `KeyError` where `values` lacks one.
    """
    ready = _prepared(statement, dialect)
    if ready.varying is not None:
        ready = _filled(ready.varying, values)
    parameters = dict(ready.constants)
    for name, convert in ready.inputs:
        value = values[name]
        parameters[name] = value if convert is None else convert(value)
    return ready.sql, parameters


@lru_cache(maxsize=100)
def _prepared(statement: Statement, dialect: Dialect) -> _Prepared:
    compiled = statement.compile(dialect=dialect)
    if any(bind.expanding and bind.required for bind in compiled.binds.values()):
        return _Prepared("", {}, (), compiled)
    inputs = {name: None for name, bind in compiled.binds.items() if bind.required}
    return _filled(compiled, inputs)


def _filled(compiled: SQLCompiler, values: Mapping[str, object]) -> _Prepared:
    """Return the statement with room for `values`, apart from lists, which become constants of their own."""
    state = compiled.construct_expanded_state(dict(values))
    converters = _converters(compiled) | dict(state.processors)
    inputs = tuple((name, converters.get(name)) for name in values if name in state.parameters)
    constants = {
        name: convert(value) if (convert := converters.get(name)) else value
        for name, value in state.parameters.items()
        if name not in values
    }
    return _Prepared(state.statement, constants, inputs, None)


def _converters(compiled: SQLCompiler) -> dict[str, Callable[[Any], object] | None]:
    dialect = compiled.dialect
    return {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
