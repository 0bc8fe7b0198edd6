"""The reference page of the glossary, printed by `watchbill docs`."""

from watchbill.web.glossary import GLOSSARY


def glossary() -> str:
    """Every word with its meaning, in order of the alphabet."""
    lines = [
        "<!-- Written by `watchbill docs` from the code: change it there. -->\n\n",
        "# Glossary\n\n",
        "The field's words as Watchbill uses them. In the pages the same words are explained on "
        "hover, and all of them under *Glossary*.\n",
    ]
    lines += [f"\n**{_shown(word)}**: {GLOSSARY[word]}\n" for word in sorted(GLOSSARY)]
    return "".join(lines)


def _shown(word: str) -> str:
    """As it is written in a sentence."""
    return {"promql": "PromQL", "sli": "SLI", "slo": "SLO"}.get(word, word)


PAGES = {"glossary.md": glossary}
