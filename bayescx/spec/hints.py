"""What works instead of the things that people write and the language does not take."""

from __future__ import annotations

STATEMENTS = "a statement is outcome ~ causes, factor =~ items, x ~~ y or name := expression"

_CONSTRAINT = "constraints are not available: fix a value (y ~ 0.5*x), or give equal parameters one label"
_ONE_OPERATOR = "a statement has one of ~ =~ ~~ :="

REFUSED_OPERATORS = {
    "<~": "formative factors are not available: write factor =~ items, or compute the composite as a column",
    "~*~": "scaling factors are not available: items are taken as continuous, leave this statement out",
    "==": _CONSTRAINT,
    "<": _CONSTRAINT,
    ">": _CONSTRAINT,
    "<=": _CONSTRAINT,
    ">=": _CONSTRAINT,
    "|": "thresholds are not available: items are taken as continuous, leave this statement out",
    "=": "write y ~ x for a path, factor =~ items for a factor, name := expression for a definition",
    "~=": "write =~ for the items of a factor",
    "->": "an arrow x -> y is written y ~ x",
    "<-": "an arrow y <- x is written y ~ x",
    "<->": "a double arrow x <-> y is written x ~~ y",
    "%": "write y ~ x for a path, factor =~ items for a factor",
    ":": "blocks such as 'group: 1' are not available: every organization has the same model",
}

# By the token that stands after a term, or in the place of one, on the right of ~, =~ and ~~.
AFTER_TERM = {
    "-": "terms are joined by '+' (to fix a path to -1 write + -1*x), and names hold no '-'",
    "*": "'*' stands between a value or label and a variable: 0.5*x, a*x",
    "/": "terms are joined by '+'; arithmetic belongs to definitions: name := a/b",
    "^": "powers of variables are not available: compute the power as a column of its own",
    "**": "powers of variables are not available: compute the power as a column of its own",
    "(": "terms hold no parentheses: write each variable by itself, joined by '+'",
    ")": "terms hold no parentheses: write each variable by itself, joined by '+'",
    "@": "a value is fixed by 1*x",
    ",": "terms are joined by '+', decimals take a point: 0.5*x",
    "&": "terms are joined by '+'",
    "+": "one '+' joins two terms",
    ":": "interactions are not available: compute the product as a column of its own (if it is part of a name, "
    "write the name between backquotes); with an attribute of organizations write pool(x, z)",
    "~": _ONE_OPERATOR,
    "=~": _ONE_OPERATOR,
    "~~": _ONE_OPERATOR,
    ":=": _ONE_OPERATOR,
}

ONLY_CAUSES = "below(x, 4), above(x, 4), category(…), fixed(…) and pool(…) are causes: they stand to the right of ~"

REVERSED = (
    "upper(0)* declares that the item runs against its factor (the sign is declared, not enforced): "
    "factor =~ x1 + x2 + upper(0)*x3"
)

FUNCTION_MODIFIERS = {
    "start": "starting values are not needed: leave it out, the sampler finds its own",
    "equal": "give two parameters the same label to make them equal: a*x",
    "c": "values per group are not available: write one value or label for all organizations",
    "prior": "priors are given to the fit (bayescx.Priors), not in the model text",
    "label": "write the label itself: a*x",
    "lower": "bounds are not available: leave it out (items run with their factor unless upper(0)* is written)",
    "upper": "between backquotes it is a variable: upper(0)*x3 declares an item reversed",
    "rv": "random slopes are not available: paths vary over organizations already (pool(x, z) lets one depend on z)",
}

# Mplus.
OTHER_LANGUAGES = {
    "on": "a path y ON x is written y ~ x",
    "by": "a factor f BY items is written f =~ items",
    "with": "a covariance x WITH y is written x ~~ y",
}
