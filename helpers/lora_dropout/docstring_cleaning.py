r"""First sentences of docstrings, without what gives their library away.

What a sentence says and how it says it stays: its subject ("axes", "tensor") and its
style ("Return the" or "Returns the"). What goes, since it is a label in disguise:

* markup: Sphinx roles, Markdown links, backquotes, asterisks; the last full stop;
* dotted paths, of which the last name stays (``numpy.linalg.norm`` becomes ``norm``);
* whole sentences that name one of the libraries or its import alias, that speak of
  versions or deprecation, or that are signatures, lists of arguments or directives.
"""

from __future__ import annotations

import re

MIN_WORDS, MAX_WORDS = 4, 30

_ROLE = re.compile(r":(?:[a-z]+:)*[a-z]+:`([^`]*)`")
_TARGET = re.compile(r"`([^`<]+?)\s*<[^`>]*>`(?:__?)?")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_DOTTED = re.compile(r"~?\.?\b(?:[A-Za-z_]\w+\.)+([A-Za-z_]\w+)")
_MARKUP = re.compile(r"[`*]|\b_+|_+\b|^r?\|")
_END = re.compile(r"[.!?](?=\s|$)")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|approx|resp)|\b[A-Z])\.$")
_NAMED = re.compile(
    r"numpy|numarray|f2py|scipy|pandas|sklearn|scikit|matplotlib|pyplot|pylab|networkx"
    r"|torch|\baten\b|transformers\b|hugging|python|pypi"
    r"|\b(?:np|pd|nx|mpl|plt|hf|tf|stdlib|standard library|pep)\b",
    re.IGNORECASE,
)
_DATED = re.compile(r"version|deprecat|backward|\d\.\d|legacy|\bsince\b", re.IGNORECASE)
_CODE = re.compile(
    r"->|::|\.\.|--|: -|[{}\\<>=|$@#~^]|https?:|^\w+ ?\(|^\w+:"
    r"|Args?\b|\bof shape\b|defaults? to"
)
_NAME = re.compile(r"\w*(?:[\d_]|[a-z][A-Z]|[A-Z]{2})\w*")


def first_sentence(docstring: str) -> str:
    """First sentence of the first paragraph, on one line.

    Examples
    --------
    >>> first_sentence("Draw a line, e.g. an axis. It has\\nno end.\\n\\nNotes")
    'Draw a line, e.g. an axis.'
    """
    paragraph = " ".join(docstring.strip().split("\n\n")[0].split())
    for end in _END.finditer(paragraph):
        sentence = paragraph[: end.end()]
        if not _ABBREVIATION.search(sentence):
            return sentence
    return paragraph


def cleaned(sentence: str) -> str | None:
    """The sentence without markup and paths; None where it should not be used.

    Examples
    --------
    >>> cleaned("Return the :class:`~pandas.core.Index` as an *ordered* list.")
    'Return the Index as an ordered list'
    >>> cleaned("Convert the matrix to a NumPy array.") is None
    True
    """
    text = _ROLE.sub(lambda m: "`" + m[1].lstrip("~!.") + "`", sentence)
    text = _TARGET.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _DOTTED.sub(r"\1", text.replace("[`", "`").replace("`]", "`"))
    text = _MARKUP.sub("", text).strip().rstrip(".!?").rstrip()
    if not text.isascii() or not text[:1].isupper():
        return None
    if not MIN_WORDS <= len(text.split()) <= MAX_WORDS or text.endswith(":"):
        return None
    if any(pattern.search(text) for pattern in (_NAMED, _DATED, _CODE)):
        return None
    return text


def skeleton(text: str) -> str:
    """What near-copies share: lower case, no punctuation, every identifier alike.

    Examples
    --------
    >>> skeleton("Construct a BertTokenizer, slow") == skeleton("construct a T5 slow")
    True
    """
    return " ".join(re.findall(r"\w+|#", _NAME.sub("#", text).lower()))
