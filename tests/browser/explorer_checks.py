"""Walk an explorer by keyboard, and look at it in both themes and at two widths."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.browser.lab_page import SLOW, LabPage
from tests.browser.page_checks import cut_off, low_contrast, transparent_pictures

WINDOWS = ((1400, 1700), (800, 2100))
"""Width and height of a laptop's or projector's window, and of half of one."""

BOX = ".widget-vbox:not(.widget-vbox *)"
"""The outermost box of an explorer that is made of ipywidgets."""

TEXT, PICTURE = "text", "picture"
BOTH = frozenset({TEXT, PICTURE})

# Kinds of controls, and what of them the keyboard reaches.
CONTROLS = {
    "slider": ".noUi-handle, input[type=range]",
    "dropdown": "select",
    "checkbox": "input[type=checkbox]",
    "choice": "input[type=radio]:checked",
    "number": "input[type=number]",
    "text area": "textarea",
    "button": "button",
}
# The name that a reader sees: of the control itself, or of the label around it.
NAME = """e => (e.ariaLabel || e.labels?.[0]?.innerText || e.innerText || e.title ||
  e.closest('.widget-inline-hbox')
    ?.querySelector('.widget-label').innerText || '').trim()"""
# At its last value a control is moved back.
AT_END = """e => e.tagName === 'SELECT' ? e.selectedIndex === e.length - 1
  : e.ariaValueNow ? e.ariaValueNow === e.ariaValueMax : e.value === e.max"""
# What an explorer says, and what it draws; where there is no picture, the coloured
# tokens of a text are one.
SAYS = """root => [...root.querySelectorAll('[role=status], [role=alert]')]
  .map(e => e.innerText).filter(Boolean).join('\\n')"""
DRAWS = """root => {
  const found = [...root.querySelectorAll('img, canvas')];
  if (!found.length) found.push(...root.querySelectorAll('pre'));
  return found.map(e => e.toDataURL?.() ?? e.src ?? e.outerHTML).join('\\n');
}"""


@dataclass
class Explorer:
    """An explorer on a page.

    Attributes
    ----------
    notebook : LabPage
    root : playwright Locator
        Its outermost element.
    """

    notebook: LabPage
    root: Any

    @classmethod
    def find(cls, notebook: LabPage, selector: str = BOX, number: int = 0) -> Explorer:
        """The notebook's explorer of that number, scrolled into view."""
        page = notebook.page
        found = page.locator(selector, has=page.get_by_role("status")).nth(number)
        found.scroll_into_view_if_needed(timeout=SLOW)
        return cls(notebook, found)

    def says(self) -> str:
        """Its status lines and warnings."""
        text: str = self.root.evaluate(SAYS)
        return text

    def draws(self) -> str:
        """Its pictures, as something to compare."""
        picture: str = self.root.evaluate(DRAWS)
        return picture

    def answer(self, before: tuple[str, str], to: str) -> set[str]:
        """Wait until something has changed, and the kernel and the page are at rest.

        Parameters
        ----------
        before : (str, str)
            What was said and drawn.
        to : str
            Name of the control that was moved.

        Returns
        -------
        set of str
            What has changed, of `TEXT` and `PICTURE`.
        """
        from playwright.sync_api import TimeoutError

        said, drawn = before
        try:
            self.notebook.page.wait_for_function(
                f"([root, said, drawn]) => ({SAYS})(root) !== said "
                f"|| ({DRAWS})(root) !== drawn",
                arg=[self.root.element_handle(), said, drawn],
                timeout=SLOW,
            )
        except TimeoutError:
            raise AssertionError(f"{to!r} changes nothing; it says {said}") from None
        self.notebook.wait_until_idle()
        self.notebook.settle(self.root)
        changed = {TEXT} if self.says() != said else set()
        return changed | ({PICTURE} if self.draws() != drawn else set())

    def press(self, control: Any, *keys: str) -> set[str]:
        """Focus a control, press keys, and say what the answer has changed."""
        before = self.says(), self.draws()
        control.focus()
        for key in keys:
            self.notebook.page.keyboard.press(key)
        return self.answer(before, control.evaluate(NAME))

    def press_named(self, label: str, *keys: str) -> set[str]:
        """`press` for the control with this accessible name."""
        return self.press(self.root.get_by_label(label, exact=True), *keys)

    def wait_for_words(self, words: str) -> None:
        """Wait until it says them: Lab draws an output some time after it is shown."""
        self.notebook.page.wait_for_function(
            f"([root, words]) => ({SAYS})(root).includes(words)",
            arg=[self.root.element_handle(), words],
            timeout=SLOW,
        )

    def wait_for_data(self, name: str, value: str) -> None:
        """Wait until a data attribute of the explorer has a value."""
        self.notebook.page.wait_for_function(
            "([root, name, value]) => root.dataset[name] === value",
            arg=[self.root.element_handle(), name, value],
            timeout=SLOW,
        )

    def walk(
        self, *, typed: Mapping[str, str] | None = None, skip: Collection[str] = ()
    ) -> dict[str, set[str]]:
        """Move every control once by keyboard; of several of one name the first.

        Parameters
        ----------
        typed : mapping of str to str
            What to write into text areas, by their name.
        skip : collection of str
            Names of controls that a test moves itself.

        Returns
        -------
        dict of str to set of str
            What the controls of each kind have changed.
        """
        found: dict[str, set[str]] = {}
        for kind, selector in CONTROLS.items():
            names: set[str] = set(skip)
            for control in self.root.locator(selector).all():
                name = control.evaluate(NAME)
                single = kind == "dropdown" and control.evaluate("e => e.length < 2")
                can_move = control.is_visible() and control.is_enabled() and not single
                if name in names or not can_move:
                    continue
                names.add(name)
                changed = self._move(kind, control, (typed or {}).get(name, ""))
                alert = self.root.get_by_role("alert").locator("visible=true")
                assert not alert.count(), f"{name}: {alert.first.inner_text()}"
                found.setdefault(kind, set()).update(changed)
        return found

    def _move(self, kind: str, control: Any, text: str) -> set[str]:
        if kind == "text area":
            name, keyboard = control.evaluate(NAME), self.notebook.page.keyboard
            assert text, f"nothing to type into {name!r}"
            control.focus()
            keyboard.press("ControlOrMeta+a")
            before = self.says(), self.draws()
            keyboard.insert_text(text)
            keyboard.press("Tab")  # the text counts when it is left
            return self.answer(before, name)
        if kind == "button":
            return self.press(control, "Enter")
        if kind == "checkbox":
            changed = self.press(control, "Space")
            self.press(control, "Space")  # back, so that the others have an effect
            return changed
        back = control.evaluate(AT_END)
        if kind in ("slider", "choice"):
            return self.press(control, "ArrowLeft" if back else "ArrowRight")
        if kind == "number":
            return self.press(control, "ArrowUp", "Enter")
        return self.press(control, "ArrowUp" if back else "ArrowDown")

    def views(self) -> Iterator[str]:
        """Both themes at both widths, one after the other; says which, as a name."""
        for dark in (False, True):
            self.notebook.theme(dark)
            for width, height in WINDOWS:
                self.notebook.resize(width, height)
                self.notebook.settle(self.root)
                self.root.scroll_into_view_if_needed()
                self.notebook.settle(self.root)
                yield f"{'dark' if dark else 'light'}-{width}"

    def look(self, name: str) -> None:
        """In every view: legible, nothing cut off; and a screenshot.

        Raises
        ------
        AssertionError
            With all that is wrong, a line each.
        """
        faults: list[str] = []
        for view in self.views():
            self.notebook.screenshot(f"{name}-{view}", self.root)
            for check in (low_contrast, cut_off, transparent_pictures):
                faults += [f"{view}: {fault}" for fault in check(self.root)]
        assert not faults, "\n".join(faults)
