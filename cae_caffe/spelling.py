"""What somebody who wrote an unknown name may have meant: the one home of suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_TAIL = "_param"    # nearly all fields of LayerParameter end so: what tells them apart stands before it
_ALIKE = 0.75       # of difflib's ratio; below, it finds `parameter` for `permute`
_LEAST = 4          # letters of a beginning that stands for a whole name


def nearest(word: str, known: Iterable[str], aliases: Mapping[str, str] | None = None) -> str | None:
    """The one of `known` that `word` most probably means, or None if none is near enough not to mislead.

    Case and underscores do not count. `aliases` are other names of known ones. Near is, in this order: the same name,
    an alias, the same letters in another order, what it begins, nearly the same letters.
    """
    names = [name for name in known if name.endswith(_TAIL) or not word.endswith(_TAIL)]
    by_form = {_form(name, word): name for name in reversed(names)}
    form = _form(word, word)
    if form in by_form:
        return by_form[form]
    for alias, name in (aliases or {}).items():
        if _form(alias, word) == form:
            return name
    for other, name in by_form.items():
        if sorted(other) == sorted(form):
            return name
    for name in names:
        if len(form) >= _LEAST and _form(name, word).startswith(form):
            return name
    import difflib  # for wrong names alone

    alike = difflib.get_close_matches(form, list(by_form), n=1, cutoff=_ALIKE)
    return by_form[alike[0]] if alike else None


def _form(name: str, word: str) -> str:
    """What is compared of `name` with `word`."""
    stem = name[:-len(_TAIL)] if word.endswith(_TAIL) and name.endswith(_TAIL) else name
    return stem.casefold().replace("_", "").replace("-", "")


def did_you_mean(word: str, known: Iterable[str], aliases: Mapping[str, str] | None = None) -> str:
    """"; did you mean `...`?", the end of a sentence, or nothing; see `nearest`."""
    found = nearest(word, known, aliases)
    return f"; did you mean `{found}`?" if found else ""


def in_brackets(word: str, known: Iterable[str], aliases: Mapping[str, str] | None = None) -> str:
    """" (did you mean `...`?)", for the middle of a sentence, or nothing; see `nearest`."""
    found = nearest(word, known, aliases)
    return f" (did you mean `{found}`?)" if found else ""
