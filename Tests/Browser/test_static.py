"""What can be checked about the web client without a browser: listed, linked, translated, and free of what the content
security policy forbids.
"""

import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEB = ROOT / "Sources" / "LiveServer" / "Web"
FILES = sorted(path.relative_to(WEB).as_posix() for path in WEB.rglob("*") if path.is_file())
SCRIPTS = [name for name in FILES if name.endswith(".js")]
PAGES = [name for name in FILES if name.endswith(".html")]
LINE_MAX = 120
FILE_LINES_MAX = 600


def text(name):
    return (WEB / name).read_text()


def test_every_file_is_compiled_into_the_binary_once():
    listing = (ROOT / "Sources" / "LiveServer" / "CWeb" / "web.c").read_text()
    embedded = re.findall(r'#embed "\.\./Web/([^"]+)"', listing)
    served = re.findall(r'ASSET\("/((?!v1/)[^"]+)", (\w+), (\w+)\)', listing)
    assert sorted(embedded) == FILES
    assert sorted(path for path, _, _ in served) == FILES
    for path, kind, array in served:
        assert array == re.sub(r"[^a-z0-9]", "_", path.lower()), path
        assert kind == {".js": "SCRIPT", ".css": "STYLE", ".html": "HTML", ".svg": "PICTURE",
                        ".ts": "TYPES"}[pathlib.Path(path).suffix]


def test_nothing_that_the_content_security_policy_forbids():
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment"
        r"|\beval\(|new Function|setAttribute\(\"(style|on)")
    for name in SCRIPTS:
        assert not forbidden.search(text(name)), name
    for name in PAGES:
        page = text(name)
        assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", page), name
        assert all(body == "" for body in re.findall(r"<script[^>]*>(.*?)</script>", page, re.S)), name
        assert not re.search(r"(src|href)=\"(?!/)", page), f"{name} loads from elsewhere"


def imports(name):
    found = re.findall(r'^(?:import|export) [^"]*?from "([^"]+)"', text(name), re.M | re.S)
    return [os.path.normpath(os.path.join(os.path.dirname(name), path)) for path in found]


def test_pages_load_all_their_modules_at_once():
    """A module that is found only through another costs a phone one more round trip."""
    for page in PAGES:
        entry = re.search(r'<script type="module" src="/([^"]+)"', text(page))[1]
        needed, waiting = set(), [entry]
        while waiting:
            for one in imports(waiting.pop()):
                if one not in needed:
                    needed.add(one)
                    waiting.append(one)
        assert sorted(needed) == re.findall(r'<link rel="modulepreload" href="/([^"]+)"', text(page)), page
        assert needed <= set(FILES)


def test_every_text_in_use_is_in_the_catalogue_and_the_other_way_round():
    keys = set(re.findall(r'^  "([^"]+)": \[', text("app/texts.js"), re.M))
    used, prefixes = set(), set()
    for name in SCRIPTS:
        source = text(name)
        if name == "app/texts.js":
            continue
        used |= {word for word in re.findall(r'"([a-zA-Z0-9.]+)"', source) if word in keys}
        prefixes |= {prefix for prefix in re.findall(r"`([a-zA-Z.]+)\$\{", source) if "." in prefix}
        for call in re.findall(r'\bt\("([^"]+)"', source):
            assert call in keys, f"{name}: {call}"
        for call in re.findall(r'\btn\("([^"]+)"', source):
            assert f"{call}.one" in keys and f"{call}.other" in keys, f"{name}: {call}"
            used |= {f"{call}.one", f"{call}.other"}
    idle = {key for key in keys - used if not any(key.startswith(prefix) for prefix in prefixes)}
    # Promises and refusals are asked for by computed names.
    idle = {key for key in idle if not key.endswith(".text")}
    assert not idle, sorted(idle)


def test_files_and_lines_are_of_readable_length():
    for name in FILES:
        lines = text(name).splitlines()
        assert len(lines) <= FILE_LINES_MAX, name
        assert not [number for number, line in enumerate(lines, 1) if len(line) > LINE_MAX], name


def test_every_file_says_what_it_owns():
    for name in FILES:
        if name.endswith((".js", ".css", ".ts")):
            assert text(name).lstrip().startswith(("//", "/*")), name
