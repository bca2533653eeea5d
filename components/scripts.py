"""Functions of JavaScript files as code that Bokeh runs in a browser."""

import re
from pathlib import Path

NEEDLESS = re.compile(r"^[ \t]*//.*\n|^[ \t]*/\*\*(?s:.*?)\*/[ \t]*\n|^export ", re.MULTILINE)
"""Comments that have lines of their own, and the keyword ``export``: Bokeh runs the body of a function, no module."""


class Script:
    """The JavaScript module beside a Python module, read once; it travels with each model that calls it.

    Bokeh takes the body of a function, but editors and tests read modules: so the file is a module of functions, which
    know nothing but their arguments, and the body is these functions and one call.
    """

    def __init__(self, module: str) -> None:
        """Read the file.

        Args:
            module: ``__file__`` of the Python module.
        """
        text = Path(module).with_suffix(".js").read_text("utf-8")
        self._functions = NEEDLESS.sub("", text).strip()

    def call(self, function: str, *arguments: str) -> str:
        """Code that returns what a function of the file returns.

        Args:
            function: Its name.
            arguments: Expressions of what Bokeh hands to the code; a function of the same name does not hide it.
        """
        return f"return (() => {{\n{self._functions}\nreturn {function}\n}})()({', '.join(arguments)})"
