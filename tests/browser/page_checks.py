"""What every page is held to: text that can be read, nothing cut off or pushed out.

The checks run in the page and return one line for each fault.
"""

from __future__ import annotations

from typing import Any

# Contrast as WCAG 2 defines it, of every visible text and form field against the
# backgrounds that lie beneath it; translucent ones are blended. Disabled controls and
# what is hidden from screen readers as decoration may be pale, and so may the marks
# behind headings, which show themselves when pointed at.
LOW_CONTRAST = """(root, least) => {
  const parse = text => {
    const unit = text.startsWith('color(') ? 255 : 1;
    const [r, g, b, a = 1] = text.replace(/^color\\(srgb /, '').match(/[\\d.]+/g)
      .map(Number);
    return [r * unit, g * unit, b * unit, a];
  };
  const over = (top, below) => {
    const a = top[3];
    return [0, 1, 2].map(i => a * top[i] + (1 - a) * below[i]).concat(1);
  };
  const light = colour => colour.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => {
    if (!e) return [255, 255, 255, 1];
    const own = parse(getComputedStyle(e).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(e.parentElement));
  };
  const opacity = e => e ? Number(getComputedStyle(e).opacity)
    * opacity(e.parentElement) : 1;
  const PALE = 'script, style, :disabled, .anchor, [aria-hidden=true]';
  const found = new Set();
  const measure = (e, text) => {
    if (!text.trim() || e.closest(PALE)
      || !e.checkVisibility({ opacityProperty: true, visibilityProperty: true })) {
      return;
    }
    const below = ground(e);
    const colour = parse(getComputedStyle(e).color);
    colour[3] *= opacity(e);
    const [a, b] = [over(colour, below), below].map(light);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least) found.add(
      `contrast ${ratio.toFixed(2)}: "${text.trim().slice(0, 40)}" in <${e.tagName
        .toLowerCase()} class="${e.className}">`);
  };
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());) {
    if (node.parentElement.tagName !== 'OPTION') {
      measure(node.parentElement, node.data);
    }
  }
  for (const field of root.querySelectorAll('select, textarea, input')) {
    if (!/range|checkbox|radio|file/.test(field.type)) measure(field, field.value);
  }
  return [...found];
}"""

# Elements that stick out of the root at the right, texts wider or higher than the
# element that clips or scrolls them, and sliders too short to set a value.
CUT_OFF = """root => {
  const found = new Set();
  const edge = root.getBoundingClientRect().right + 1;
  const pen = document.createElement('canvas').getContext('2d');
  const name = e => `<${e.tagName.toLowerCase()} class="${e.className.baseVal
    ?? e.className}"> "${(e.value ?? e.innerText ?? '').slice(0, 40)}"`;
  for (let e = root; e && !e.classList.contains('jp-Cell'); e = e.parentElement) {
    if (e.scrollWidth > e.clientWidth + 1) found.add(
      `${e.scrollWidth} px in ${e.clientWidth} px: <${e.tagName} class="${
        e.className}">`);
  }
  for (const e of root.querySelectorAll('*')) {
    if (!e.checkVisibility({ opacityProperty: true, visibilityProperty: true })
      || e.closest('[aria-hidden=true]')) continue;
    const style = getComputedStyle(e);
    const box = e.getBoundingClientRect();
    if (e.matches('.noUi-base, input[type=range]') && box.width < 60) {
      found.add(`a slider of ${box.width} px`);
    }
    if (box.right > edge) found.add(`sticks out: ${name(e)}`);
    if (e.tagName === 'SELECT') {
      pen.font = style.font;
      const wide = pen.measureText(e.selectedOptions[0]?.text ?? '').width;
      const room = e.clientWidth - parseFloat(style.paddingLeft)
        - parseFloat(style.paddingRight);
      if (wide > room + 1) found.add(`clipped: ${name(e)}`);
      continue;
    }
    const field = /^(INPUT|TEXTAREA)$/.test(e.tagName);
    const told = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!field && !told) continue;
    const wider = e.scrollWidth > e.clientWidth + 1;
    const higher = e.scrollHeight > e.clientHeight + 2;
    if (style.overflowX !== 'visible' && wider && e.clientWidth > 1
      || style.overflowY === 'hidden' && higher && !field && e.clientHeight > 1) {
      found.add(`clipped: ${name(e)}`);
    }
  }
  return [...found];
}"""

# Pictures that let the page shine through: dark lines on a dark theme.
TRANSPARENT = """async root => {
  const found = [];
  for (const image of root.querySelectorAll('img')) {
    await image.decode();
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: image.naturalWidth, height: image.naturalHeight });
    const ctx = canvas.getContext('2d');
    ctx.drawImage(image, 0, 0);
    const [x, y] = [canvas.width - 1, canvas.height - 1];
    const corners = [[0, 0], [x, 0], [0, y], [x, y]];
    if (corners.some(at => ctx.getImageData(...at, 1, 1).data[3] < 255)) {
      found.push('transparent picture');
    }
  }
  return found;
}"""


def low_contrast(root: Any, least: float = 4.5) -> list[str]:
    """Texts within a locator's element whose contrast is below ``least`` : 1."""
    found: list[str] = root.evaluate(LOW_CONTRAST, least)
    return found


def cut_off(root: Any) -> list[str]:
    """What is clipped within a locator's element or sticks out of it."""
    found: list[str] = root.evaluate(CUT_OFF)
    return found


def transparent_pictures(root: Any) -> list[str]:
    """Pictures within a locator's element without a ground of their own."""
    found: list[str] = root.evaluate(TRANSPARENT)
    return found
