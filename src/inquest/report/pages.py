"""Pages that stand beside the documents: each is one HTML file that asks no other one for anything."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from inquest.artefacts import plain
from inquest.report.document import environment
from inquest.report.fonts import MONO, font_faces


def standalone(templates: str | Path, name: str, words: Mapping[str, Any]) -> str:
    """Return a page with its style, fonts and script in it.

    The page runs its own script and no other: its policy names the script's digest, and allows no address.
    The same input gives the same bytes.

    Parameters
    ----------
    templates : path
        The folder with `<name>.html.j2`, `<name>.css`, `<name>.js`, and parts of the script as `<name>-….js`.
    name : str
    words : mapping
        What the template prints, beside `style`, `script` and `policy`.
    """
    style = Path(templates, f"{name}.css").read_text(encoding="utf-8")
    scripts = sorted(Path(templates).glob(f"{name}*.js"))  # the page's own last: a hyphen comes before a dot
    script = "".join(path.read_text(encoding="utf-8") for path in scripts)
    template = environment(templates).get_template(f"{name}.html.j2")
    bare = template.render(**words, script=Markup(script), style="", policy="")
    faces = [face for face in font_faces(html.unescape(bare)).splitlines() if MONO not in face]
    style = "\n".join([*faces, style])
    return template.render(**words, script=Markup(script), style=Markup(style), policy=policy(style, script))


def policy(style: str, script: str) -> str:
    """Return a page's Content Security Policy: its own style, script and fonts, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode("utf-8")).digest()).decode()


def in_script(value: Any) -> Markup:
    """Return JSON that is safe inside a `<script>` element: no text in it can end the element.

    >>> print(in_script(["</script>", "a & b"]))
    ["\\u003c/script\\u003e","a \\u0026 b"]
    """
    text = json.dumps(
        plain(value), ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
