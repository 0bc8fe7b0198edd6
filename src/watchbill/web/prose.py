"""People's text as HTML: CommonMark with tables, no raw HTML, safe links only."""

from collections.abc import Sequence

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_FIRST_HEADING = 3  # the page has h1 and h2


def to_html(text: str) -> SafeString:
    """Rendered `text`. Raw HTML comes out as text; `javascript:` and `data:` links stay text."""
    html: str = _MARKDOWN.render(text)
    return mark_safe(html)  # noqa: S308 (raw HTML is off: everything comes out escaped)


def _heading(
    self: RendererProtocol, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    level = min(6, int(tokens[at].tag[1]) + _FIRST_HEADING - 1)
    return f"<{'/' if tokens[at].nesting < 0 else ''}h{level}>"


def _link(
    self: RendererProtocol, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    if str(tokens[at].attrs.get("href", "")).startswith(("http:", "https:", "//")):
        tokens[at].attrSet("rel", "noopener noreferrer nofollow")
    return self.renderToken(tokens, at, options, env)  # type: ignore[attr-defined, no-any-return]


def _image(
    self: RendererProtocol, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """Images of other hosts are shown as links: nothing is loaded from elsewhere."""
    source = str(tokens[at].attrs.get("src", ""))
    label = tokens[at].content or source
    return f'<a href="{_escape(source)}" rel="noopener noreferrer nofollow">{_escape(label)}</a>'


def _escape(text: str) -> str:
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )


def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    parser.add_render_rule("link_open", _link)
    parser.add_render_rule("image", _image)
    return parser


_MARKDOWN = _markdown()
