r"""A LaTeX ``tabular`` with the rules of booktabs. Imports `lossctl.reports.shared`.

Compiles with pdfLaTeX, XeLaTeX and LuaLaTeX where the preamble says ``\usepackage{booktabs}``. Signs of the field
(σ, ‖, ₂, ≤) are written as commands. Letters of other scripts stand as they are: XeLaTeX and LuaLaTeX set them with
a font that has them, pdfLaTeX knows the Latin ones.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from lossctl.core.escape import visible
from lossctl.core.results.view import Brief, Change, Span
from lossctl.reports.shared.numbers import format_cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lossctl.core.results.view import Cell, Reportable
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # after a line's end it would be read as its argument
    "]": "{]}",
    "*": "{*}",  # likewise
    "`": r"\textasciigrave{}",
    '"': r"\char34{}",  # active in some languages of babel
    "\u00a0": "~",
}
_SIGNS = {
    "‖": r"\Vert", "−": "-", "×": r"\times", "·": r"\cdot", "÷": r"\div", "±": r"\pm", "∓": r"\mp", "√": r"\surd",
    "∂": r"\partial", "∇": r"\nabla", "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∞": r"\infty", "∈": r"\in",
    "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "≡": r"\equiv", "∝": r"\propto", "→": r"\to",
    "←": r"\leftarrow", "↔": r"\leftrightarrow", "⇒": r"\Rightarrow", "ℓ": r"\ell", "∣": r"\mid", "∥": r"\parallel",
    "⟨": r"\langle", "⟩": r"\rangle", "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "∼": r"\sim",
    "∪": r"\cup", "∩": r"\cap", "⊂": r"\subset", "∅": r"\emptyset", "∀": r"\forall", "∃": r"\exists", "¬": r"\neg",
    "∧": r"\wedge", "∨": r"\vee", "†": r"\dagger", "‡": r"\ddagger", "✓": r"\surd", "…": r"\ldots",
}  # fmt: skip
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho",
    "σ": "sigma", "ς": "varsigma", "τ": "tau", "υ": "upsilon", "φ": "varphi", "ϕ": "phi", "χ": "chi", "ψ": "psi",
    "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma",
    "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_SMALL = "0123456789+−=()"
_COMMANDS = {
    **_SPECIAL,
    **{char: f"${command}$" for char, command in _SIGNS.items()},
    **{char: f"$\\{name}$" for char, name in _GREEK.items()},
    **{char: f"$_{{{plain}}}$" for char, plain in zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", _SMALL.replace("−", "-"), strict=True)},
    **{char: f"$^{{{plain}}}$" for char, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾", _SMALL.replace("−", "-"), strict=True)},
    **{char: f"$_{{{plain}}}$" for char, plain in zip("ᵢⱼₖₙ", "ijkn", strict=True)},
    "ᵀ": "$^{T}$",
}
_PAIRS = re.compile(r"([-,':])(?=\1)")
"""What two of become one sign (a dash, a quote), or the mark of a CI command."""


def render(result: Reportable, options: RenderOptions) -> str:
    r"""Write the tabular, its title and notes as rows across all columns.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from lossctl.core.results.view import Column, View
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> view = View((Column("model"), Column("|grad|₂", "right")), (("a_b", -0.25),))
    >>> print(render(SimpleNamespace(view=lambda: view), RenderOptions()), end="")
    \begin{tabular}{lr}
    \toprule
    model & \textbar{}grad\textbar{}$_{2}$ \\
    \midrule
    a\_b & $-0.250000$ \\
    \bottomrule
    \end{tabular}
    """
    view = result.view()
    count = len(view.columns)
    spec = "".join("r" if column.justify == "right" else "l" for column in view.columns)
    lines = [f"\\begin{{tabular}}{{{spec}}}"]
    if view.title:
        lines.append(_across(view.title, count))
    lines += ["\\toprule", _row(_escaped(column.header) for column in view.columns), "\\midrule"]
    lines += [_row(_cell(cell, options.significant) for cell in row) for row in view.rows]
    lines += ["\\bottomrule", *(_across(note, count) for note in view.below()), "\\end{tabular}"]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _across(text: str, count: int) -> str:
    return f"\\multicolumn{{{count}}}{{l}}{{{_escaped(text)}}} \\\\"


def _cell(cell: Cell, digits: int) -> str:
    text = format_cell(cell, digits)
    if isinstance(cell, Span):
        low, high = text.strip("[]").split(", ")
        # in braces, because a row must not start with a bracket
        return f"{{[}}{_number(low)}, {_number(high)}{{]}}"
    if isinstance(cell, Change):
        return f"{_number(text.removesuffix('%'))}\\%"
    if isinstance(cell, float | int | Brief) and not isinstance(cell, bool):
        return _number(text)
    return _escaped(text)


def _number(text: str) -> str:
    """Set a minus as a minus and a power of ten as one."""
    mantissa, _, exponent = text.partition("e")
    if exponent:
        return f"${mantissa} \\times 10^{{{int(exponent)}}}$"
    if text.endswith("inf"):
        return f"${text.replace('inf', chr(92) + 'infty')}$"
    return f"${text}$" if text.startswith("-") else text


def _escaped(text: str) -> str:
    split = _PAIRS.sub("\\1\0", unicodedata.normalize("NFC", visible(text)))
    return "".join(_COMMANDS.get(char, char) for char in split).replace("\0", "{}")
