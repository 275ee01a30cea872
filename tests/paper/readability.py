"""How hard a text is to read, by two published formulas: rough, and the same for everybody."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SENTENCE = re.compile(r"[.!?:;\n]+")


def words_of(text: str) -> list[str]:
    return _WORD.findall(text)


def sentences_of(text: str) -> list[str]:
    return [part for part in _SENTENCE.split(text) if words_of(part)]


def flesch_kincaid_grade(text: str) -> float:
    """School grade (USA) for English: Kincaid et al. 1975. Grade 6 is read at 11 to 12 years."""
    words = words_of(text)
    per_sentence = len(words) / len(sentences_of(text))
    per_word = sum(map(_english_syllables, words)) / len(words)
    return 0.39 * per_sentence + 11.8 * per_word - 15.59


def fernandez_huerta(text: str) -> float:
    """Ease from 0 to 100 for Spanish: Fernández Huerta 1959. 70 to 80 is read after the sixth year, above 80
    it is easier."""
    words = words_of(text)
    syllables = 100 * sum(map(_spanish_syllables, words)) / len(words)
    return 206.84 - 0.60 * syllables - 1.02 * len(words) / len(sentences_of(text))


def _english_syllables(word: str) -> int:
    word = word.lower()
    word = re.sub(r"(?:[^laeiouy]es|[^laeiouydt]ed|[^laeiouy]e)$", "x", word)
    return max(1, len(re.findall(r"[aeiouy]{1,2}", word)))


def _spanish_syllables(word: str) -> int:
    """Vowels, two neighbours being one where one of them is weak and bears no accent."""
    word = re.sub(r"([gq])u([eiéí])", r"\1\2", word.lower())
    groups = re.findall(r"[aeoáéó]?[iuü][aeoáéó]?|[aeoáéóíú]|y\b", word)
    return max(1, len(groups))
