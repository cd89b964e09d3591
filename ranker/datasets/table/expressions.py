"""Expressions over columns: a small part of Python's grammar, computed by Arrow.

`watch_ms >= 0.8 * length_ms and country in ('CH', 'DE')`. Nothing is executed: names are columns,
calls are those of a short list, and what else Python has is refused. What is computed of a null
is null, but `false and null` is false, and `true or null` true.
"""

import ast
import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.errors import DatasetError
from ranker.datasets.table.types import as_numbers, as_text

Operand = Any  # an Arrow array, [N], or scalar

_MAX_LETTERS = 1_000
_QUOTED = re.compile(r"`([^`]+)`")
_COMPARISONS: Mapping[type, str] = {
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
}
_ARITHMETIC: Mapping[type, str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
}
_FUNCTIONS = {"abs": 1, "log1p": 1, "min": 2, "max": 2, "is_null": 1, "if_null": 2}
_ALLOWED = (
    *(ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp),
    *(ast.Compare, ast.In, ast.NotIn, ast.Name, ast.Load, ast.Constant, ast.Tuple, ast.List),
    *(ast.Call, *_COMPARISONS, *_ARITHMETIC),
)


class Expression:
    """One expression.

    Attributes:
      text: as it was written.
      columns: those that it names, in order.
    """

    def __init__(self, text: str) -> None:
        """Parses `text`.

        Raises:
          DatasetError: with what is not understood.
        """
        self.text = text
        self._names: dict[str, str] = {}
        self._body = self._parsed(text)
        nodes = [node for node in ast.walk(self._body) if isinstance(node, ast.Name)]
        nodes.sort(key=lambda node: (node.lineno, node.col_offset))
        called = {id(n.func) for n in ast.walk(self._body) if isinstance(n, ast.Call)}
        names = (self._names.get(n.id, n.id) for n in nodes if id(n) not in called)
        self.columns = tuple(dict.fromkeys(names))

    def values(
        self, columns: Mapping[str, pa.Array], num_rows: int, on_bad: Callable[[str, Any], None]
    ) -> pa.Array:
        """Returns what it comes to for each row, [N].

        Args:
          columns: by name, [N], of the types of `types.canonical`.
          num_rows: N, where the expression names no column.
          on_bad: is given a column whose text is to be a number, and where it is none, bool [N].
        """
        found = _Evaluation(self._names, columns, on_bad).of(self._body)
        if isinstance(found, pa.Scalar):
            return pa.repeat(found, num_rows)
        return found

    def _parsed(self, text: str) -> ast.expr:
        if len(text) > _MAX_LETTERS:
            raise DatasetError(f"an expression of {len(text)} letters, of at most {_MAX_LETTERS}")

        def named(found: re.Match[str]) -> str:
            stand_in = f"_column_{len(self._names)}_"
            self._names[stand_in] = found[1]
            return stand_in

        try:
            tree = ast.parse(_QUOTED.sub(named, text).strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            said = getattr(error, "msg", "") or str(error)
            raise DatasetError(f"not an expression: {text!r:.100}: {said}") from error
        for node in ast.walk(tree):
            self._check(node)
        return tree.body

    def _check(self, node: ast.AST) -> None:
        if not isinstance(node, _ALLOWED):
            shown = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
            raise DatasetError(
                f"not in expressions: {shown!r:.80} of {self.text!r:.100}; they have columns, "
                f"numbers, 'text', + - * /, comparisons, in, and, or, not, {', '.join(_FUNCTIONS)}"
            )
        if isinstance(node, ast.Constant) and not isinstance(node.value, int | float | str):
            raise DatasetError(f"not in expressions: {node.value!r:.80} of {self.text!r:.100}")
        if isinstance(node, ast.Call):
            self._check_call(node)

    def _check_call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name not in _FUNCTIONS:
            near = difflib.get_close_matches(name, _FUNCTIONS, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise DatasetError(
                f"no function {name!r:.80}, of {self.text!r:.100}; {hint}there are: "
                f"{', '.join(_FUNCTIONS)}"
            )
        if len(node.args) != _FUNCTIONS[name] or node.keywords:
            raise DatasetError(f"{name} takes {_FUNCTIONS[name]}, in {self.text!r:.100}")


class _Evaluation:
    """One expression over one batch of rows."""

    def __init__(
        self,
        names: Mapping[str, str],
        columns: Mapping[str, pa.Array],
        on_bad: Callable[[str, Any], None],
    ) -> None:
        self._names, self._columns, self._on_bad = names, columns, on_bad

    def of(self, node: ast.expr) -> Operand:
        """Returns what a node comes to, [N] or a scalar."""
        if isinstance(node, ast.Name):
            return self._columns[self._names.get(node.id, node.id)]
        if isinstance(node, ast.Constant):
            return pa.scalar(node.value)
        if isinstance(node, ast.BoolOp):
            return self._joined(node)
        if isinstance(node, ast.UnaryOp):
            if isinstance(node.op, ast.Not):
                return pc.invert(self._condition(node.operand))
            return pc.negate(self._number(node.operand))
        if isinstance(node, ast.BinOp):
            left, right = self._number(node.left), self._number(node.right)
            return _finite(pc.call_function(_ARITHMETIC[type(node.op)], [left, right]))
        if isinstance(node, ast.Compare):
            return self._compared(node)
        if isinstance(node, ast.Call):
            return self._called(node)
        raise DatasetError(f"a list stands alone in an expression: {ast.unparse(node)!r:.100}")

    def _joined(self, node: ast.BoolOp) -> Operand:
        join = pc.and_kleene if isinstance(node.op, ast.And) else pc.or_kleene
        first, *others = map(self._condition, node.values)
        for other in others:
            first = join(first, other)
        return first

    def _condition(self, node: ast.expr) -> Operand:
        found = self.of(node)
        return found if pa.types.is_boolean(found.type) else pc.not_equal(self._number(node), 0.0)

    def _number(self, node: ast.expr) -> Operand:
        found = self.of(node)
        if isinstance(found, pa.Scalar):
            if isinstance(found.as_py(), str):
                raise DatasetError(f"text where a number is due: {ast.unparse(node)!r:.100}")
            return pa.scalar(float(found.as_py()))
        numbers, is_bad = as_numbers(found)
        if is_bad is not None:
            self._on_bad(self._shown(node), is_bad)
        return numbers

    def _shown(self, node: ast.expr) -> str:
        name = ast.unparse(node)
        return self._names.get(name, name)

    def _compared(self, node: ast.Compare) -> Operand:
        found, left = None, node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            one = self._pair(left, operator, right)
            found = one if found is None else pc.and_kleene(found, one)
            left = right
        return found

    def _pair(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Operand:
        if isinstance(operator, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
                raise DatasetError(f"after in must stand a list, got {ast.unparse(right)!r:.100}")
            each = [self._pair(left, ast.Eq(), element) for element in right.elts]
            found = each[0]
            for other in each[1:]:
                found = pc.or_kleene(found, other)
            return pc.invert(found) if isinstance(operator, ast.NotIn) else found
        sides = [self.of(left), self.of(right)]
        if any(_is_literal_text(side) for side in sides) or all(map(_is_text, sides)):
            sides = [as_text(side) for side in sides]
        elif not all(pa.types.is_int64(side.type) for side in sides):
            sides = [self._number(left), self._number(right)]
        return pc.call_function(_COMPARISONS[type(operator)], sides)

    def _called(self, node: ast.Call) -> Operand:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name == "is_null":
            found = self.of(node.args[0])
            return pc.is_null(found, nan_is_null=pa.types.is_floating(found.type))
        numbers = [self._number(argument) for argument in node.args]
        if name == "if_null":
            return pc.coalesce(*numbers)
        if name in ("min", "max"):
            join = pc.min_element_wise if name == "min" else pc.max_element_wise
            return join(*numbers, skip_nulls=False)
        return pc.abs(*numbers) if name == "abs" else _finite(pc.log1p(*numbers))


def columns_of(expressions: Iterable[str]) -> Iterable[str]:
    """Yields the columns of expressions, those of empty ones and of mistakes left out."""
    for text in expressions:
        if text:
            yield from Expression(text).columns


def _finite(found: Operand) -> Operand:
    """Returns numbers with null for what is none: a division by 0, the logarithm of -1."""
    if isinstance(found, pa.Scalar):
        return found if math.isfinite(found.as_py() or 0.0) else pa.scalar(None, pa.float64())
    return pc.if_else(pc.is_finite(found), found, pa.scalar(None, pa.float64()))


def _is_text(side: Operand) -> bool:
    return pa.types.is_string(side.type)


def _is_literal_text(side: Operand) -> bool:
    return isinstance(side, pa.Scalar) and _is_text(side)
