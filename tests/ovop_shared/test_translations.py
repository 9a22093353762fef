"""Every text a page can show is in every catalogue, and nothing else is."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.test import Client

from ovop_shared.languages import DEFAULT_LANGUAGE, LANGUAGE_TAGS, LANGUAGES
from ovop_shared.translations import CATALOGUE_FOLDER, UNREVIEWED, catalogue, translate

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
TRANSLATED = [tag for tag in LANGUAGE_TAGS if tag != DEFAULT_LANGUAGE]

# An error page shows the message of any of these; other refusals are read by programs.
ERRORS_ON_PAGES = {
    "NotFound",
    "AuthenticationRequired",
    "InvalidToken",
    "PermissionDenied",
    "InternalError",
    "CsrfFailed",
    "FormTokenInvalid",
    "InvalidGtin",
    "OriginRefused",
    "SessionEnded",
}
# Module constants whose values a template shows with `{% t … %}` or the code hands to translate().
CONSTANTS = re.compile(r"_TEXTS$|^REFUSAL$|^UNDECIDED$|^ATTRIBUTES$")

# The English texts whose translation a native speaker has reviewed, by language; none so far.
REVIEWED: Mapping[str, frozenset[str]] = {}

TEMPLATE_TEXT = re.compile(r"""{%\s*t\s+"([^"]+)"|{%\s*t\s+'([^']+)'""")
PLACEHOLDER = re.compile(r"{(\w*)}")
UNREVIEWED_NOTICE = "This translation has not been reviewed by a native speaker yet."


def literals(node: ast.AST | None) -> list[str]:
    """The texts a constant holds: itself, the values of a mapping or list, or the name a record starts with."""
    if isinstance(node, ast.Dict | ast.Tuple | ast.List):
        values = node.values if isinstance(node, ast.Dict) else node.elts
        return [text for value in values for text in literals(value)]
    if isinstance(node, ast.Call) and node.args:
        return literals(node.args[0])
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def texts_of_module(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and CONSTANTS.search(target.id) for target in targets):
            yield from literals(getattr(statement, "value", None))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            if called == "translate" or called in ERRORS_ON_PAGES:
                yield from literals(node.args[0])


def texts_of_template(source: str) -> Iterator[str]:
    yield from (double or single for double, single in TEMPLATE_TEXT.findall(source))


def used_texts() -> dict[str, str]:
    """Every message id and the first file that uses it, in the order of the files."""
    found: dict[str, str] = {}
    folders = [PLUGINS, ROOT / "deploy" / "standalone"]
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".html")):
        collect = texts_of_module if path.suffix == ".py" else texts_of_template
        for text in collect(path.read_text(encoding="utf-8")):
            found.setdefault(text, path.relative_to(ROOT).as_posix())
    return found


def placeholders(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


def test_the_search_finds_texts_of_every_kind() -> None:
    assert {
        "Opening balance",  # a template
        "Owed to or by the customer",  # a call of translate()
        "the required certificate “{scheme}” is missing",  # a constant
        "Village",  # a constant that a template translates
        "There is no such statement.",  # an error's message
        "This form is out of date. Open the page again and repeat.",  # an error of the standalone host
    } <= used_texts().keys()


def looped_constants(tree: ast.Module) -> set[str]:
    """The names of loops over a constant itself: `translate(head, language) for head in HEAD_TEXTS`."""
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.comprehension | ast.For)]
    return {
        loop.target.id
        for loop in loops
        if isinstance(loop.target, ast.Name) and CONSTANTS.search(getattr(loop.iter, "id", ""))
    }


def test_every_call_of_translate_names_a_text_the_search_sees() -> None:
    """A text put together at run time would be in no catalogue."""
    unseen = []
    for path in PLUGINS.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        looped = looped_constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "translate":
                constant = node.args[0]
                while isinstance(constant, ast.Subscript | ast.Attribute):
                    constant = constant.value
                name = getattr(constant, "id", "")
                if not literals(constant) and not CONSTANTS.search(name) and name not in looped:
                    unseen.append(f"{path.relative_to(PLUGINS)}:{node.lineno}")

    # The tag itself, a form's problems, whose texts are each plugin's PROBLEM_TEXTS, and the names of its ATTRIBUTES.
    assert {place.partition(":")[0] for place in unseen} == {
        "ovop_shared/page_tags.py",
        "ovop_shared/staff_frame.py",
        "ovop_shared/adapter/attributes.py",
    }


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_holds_every_used_text_and_no_other(language: str) -> None:
    used = used_texts()
    translated = catalogue(language).texts

    missing = [f"{path}: {text}" for text, path in used.items() if not translated.get(text, "").strip()]
    assert missing == []
    assert [text for text in translated if text not in used] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_exactly_the_placeholders_of_its_text(language: str) -> None:
    different = {
        text: translation
        for text, translation in catalogue(language).texts.items()
        if placeholders(translation) != placeholders(text) or set("{}") & set(PLACEHOLDER.sub("", translation))
    }

    assert different == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_is_a_clean_file(language: str) -> None:
    path = CATALOGUE_FOLDER / f"{language}.po"
    source = path.read_text(encoding="utf-8")
    with path.open("rb") as lines:
        messages = [message for message in read_po(lines, abort_invalid=True) if message.id]

    assert f'"Language: {language}\\n"' in source
    assert len(re.findall("^msgid ", source, re.MULTILINE)) == len(messages) + 1  # no text twice
    assert [message.id for message in messages if not message.string] == []
    assert [message.id for message in messages if message.fuzzy] == []
    assert [message.id for message in messages if message.string != str(message.string).strip()] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_nobody_reviewed_is_flagged(language: str) -> None:
    assert catalogue(language).unreviewed == catalogue(language).texts.keys() - REVIEWED.get(language, frozenset())
    assert UNREVIEWED == "unreviewed"


def test_the_scripts_are_those_of_the_languages() -> None:
    cyrillic = {tag for tag in TRANSLATED if re.search("[а-яё]", "".join(catalogue(tag).texts.values()))}
    own_letters = {
        "ky": "ңөү",
        "kk": "әғқңөұүі",
        "tg": "ғӣқӯҳҷ",
        "uz-Latn": "ʻ",
        "kaa-Latn": "áǵıńóú",
        "ja": "をのは",
    }

    assert cyrillic == {"ru", "ky", "kk", "tg"}
    for tag, letters in own_letters.items():
        assert set(letters) <= set("".join(catalogue(tag).texts.values()).lower()), tag
    # a typewriter's apostrophe is not a letter of Uzbek, nor a dotless i the only i of Karakalpak
    assert [text for text in catalogue("uz-Latn").texts.values() if re.search("[oOgG]['’`‘]", text)] == []


@pytest.mark.parametrize("language", LANGUAGE_TAGS)
def test_a_page_with_unreviewed_texts_says_so_in_its_language(client: Client, language: str) -> None:
    page = client.get("/nowhere/", {"lang": language}, headers={"accept": "text/html"})

    unreviewed = catalogue(language).texts.keys() - REVIEWED.get(language, frozenset())
    assert page.status_code == 404
    assert page["Content-Language"] == language
    assert translate("There is no such page.", language) in page.text
    assert (translate(UNREVIEWED_NOTICE, language) in page.text) is bool(unreviewed)


def test_every_language_of_the_pages_has_a_catalogue_and_every_catalogue_a_language() -> None:
    assert sorted(path.stem for path in CATALOGUE_FOLDER.glob("*")) == sorted(TRANSLATED)
    assert len({language.autonym for language in LANGUAGES}) == len(LANGUAGES)
