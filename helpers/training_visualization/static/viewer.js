// Front end of TrainingViewer (anywidget, no dependencies). Python sends the whole
// film once, in parts that this side asks for; drawing, playing, filtering and
// selecting then need no kernel. See film_encoding.py for the format.

const BURST = 500e3, RATE = 650e3; // bytes, bytes/s: below the server's limit of 1 MB/s
const RETRY = 10e3; // ms until an unanswered request is repeated
const TRAIL = 3; // epochs
const REACH = 9; // CSS pixels around a point that count as on it
const MOVED = 0.05; // share of the points that "moved most"
const LEVELS = 65535, STEPS = 255;

function make(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  // Lab's shortcuts (arrows move between cells) must not take the keys of whatever
  // has the focus; Lab looks for this on the focused element itself.
  if (/input|button|canvas/.test(tag)) {
    node.setAttribute("data-lm-suppress-shortcuts", "true");
  }
  for (const [key, value] of Object.entries(props)) {
    if (key === "class") node.className = value;
    else if (key === "hue") node.style.setProperty("--tv-hue", value);
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

const ICONS = {
  first: "M4 4h2v12H4zM16 4v12l-9-6z",
  back: "M15 4v12l-9-6z",
  play: "M5 3v14l12-7z",
  pause: "M5 3h4v14H5zM11 3h4v14h-4z",
  forward: "M5 4l9 6-9 6z",
  last: "M14 4h2v12h-2zM4 4l9 6-9 6z",
};
function setIcon(button, name) {
  button.innerHTML =
    `<svg viewBox="0 0 20 20" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
}

async function inflate(pieces) {
  const stream = new Blob(pieces).stream()
    .pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const inkOn = (hex) => {
  const [r, g, b] = rgb(hex);
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#111111" : "#ffffff";
};
const count = (n) => n.toLocaleString("en");
const percent = (level) => `${Math.round(100 * level / STEPS)} %`;

function median(values) {
  values.sort((a, b) => a - b);
  return values[values.length >> 1];
}

function shape(ctx, test, x, y, r) {
  ctx.beginPath();
  if (!test) { ctx.arc(x, y, r, 0, 7); return; }
  const d = 1.25 * r;
  ctx.moveTo(x, y - d);
  ctx.lineTo(x + d, y);
  ctx.lineTo(x, y + d);
  ctx.lineTo(x - d, y);
  ctx.closePath();
}

class View {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.id = Math.random().toString(36).slice(2);
    this.cleanups = [];
    this.frame = -1;
    this.hover = -1;
    this.playing = false;
    this.build();
    this.listen();
    this.ask({ type: "ready" });
  }

  get(name) { return this.model.get(name); }

  save(name, value) {
    if (this.get(name) === value) return;
    this.model.set(name, value);
    this.model.save_changes();
  }

  on(event, handler) {
    this.model.on(event, handler);
    this.cleanups.push(() => this.model.off(event, handler));
  }

  // ---------------------------------------------------------------- construction

  build() {
    const el = this.el;
    el.classList.add("tv-viewer");
    this.background = make("canvas", { class: "tv-background", "aria-hidden": "true" });
    this.canvas = make("canvas", { class: "tv-points", tabindex: "0", role: "img" });
    this.tip = make("div", { class: "tv-tip", hidden: "" });
    this.veil = make("div", { class: "tv-veil" }, "loading…");
    this.stage = make("div", { class: "tv-stage" }, this.background, this.canvas,
      this.tip, this.veil);
    const button = (icon, label, action) => {
      const b = make("button", { class: "tv-button", type: "button",
        "aria-label": label, title: label, onclick: action });
      setIcon(b, icon);
      return b;
    };
    const step = (to) => () => { this.pause(); this.go(to()); };
    this.playButton = button("play", "Play", () => this.toggle());
    this.slider = make("input", { type: "range", class: "tv-frame", min: 0, max: 0,
      step: 1, value: 0, "aria-label": "Epoch",
      oninput: () => step(() => Number(this.slider.value))() });
    const transport = make("div", { class: "tv-row tv-transport", role: "group",
      "aria-label": "Playback" },
      button("first", "First epoch", step(() => 0)),
      button("back", "Epoch back", step(() => this.frame - 1)),
      this.playButton,
      button("forward", "Epoch forward", step(() => this.frame + 1)),
      button("last", "Last epoch", step(() => this.frames - 1)),
      this.slider);
    this.speed = make("input", { type: "range", class: "tv-speed", min: 1, max: 10,
      step: 1, value: this.get("speed"), "aria-label": "Speed, 1 to 10",
      oninput: () => this.save("speed", Number(this.speed.value)) });
    this.trails = this.check(`trails of ${TRAIL} epochs`, false);
    this.named = this.check("class names", true);
    const options = make("div", { class: "tv-row tv-options" },
      make("label", { class: "tv-label" }, "Speed", this.speed),
      this.trails.node, this.named.node);
    this.headline = make("strong");
    this.metrics = make("span");
    this.status = make("div", { class: "tv-status", role: "status" }, this.headline,
      this.metrics);
    this.legend = make("div", { class: "tv-legend", "aria-label": "Legend" });
    this.left = make("div", { class: "tv-left" }, this.stage, transport, options,
      this.status, this.legend);
    this.filters = make("fieldset", {}, make("legend", {}, "Show"));
    this.sample = make("fieldset", { class: "tv-sample", "aria-label":
      "Selected sample" }, make("legend", {}, "Sample"));
    this.right = make("div", { class: "tv-right" }, this.filters, this.sample);
    el.append(make("div", { class: "tv-layout" }, this.left, this.right));
  }

  check(label, checked, action = () => this.draw()) {
    const input = make("input", { type: "checkbox", onchange: action });
    input.checked = checked;
    return { input, node: make("label", { class: "tv-label" }, input, label) };
  }

  buildFilters() {
    const { names, colours } = this.header;
    const filter = () => this.refilter();
    this.classBoxes = names.map((name, c) => {
      const input = make("input", { type: "checkbox", "aria-label": `Class ${name}`,
        onchange: filter });
      input.checked = true;
      return { input, node: make("label", { class: "tv-class", hue: colours[c] }, input,
        make("span", {}, make("i"), name)) };
    });
    const all = (on) => make("button", { class: "tv-text-button", type: "button",
      onclick: () => {
        for (const { input } of this.classBoxes) input.checked = on;
        filter();
      } }, on ? "All" : "None");
    this.train = this.check("training", true, filter);
    this.test = this.check("test", true, filter);
    this.wrong = this.check("wrong only", false, filter);
    this.noisyOnly = this.check("noisy labels only", false, filter);
    this.moved = this.check(`moved most (top ${100 * MOVED} %)`, false, filter);
    this.moved.node.title = "between the previous epoch and this one";
    this.below = make("input", { type: "range", min: 5, max: 100, step: 5, value: 100,
      "aria-label": "Confidence below, percent", oninput: filter });
    this.belowValue = make("span", { class: "tv-value" });
    const two = this.n > this.header.train;
    this.filters.append(
      make("div", { class: "tv-classes", role: "group", "aria-label": "Classes" },
        ...this.classBoxes.map((b) => b.node), all(true), all(false)),
      make("div", { class: "tv-checks" },
        two ? this.train.node : null, two ? this.test.node : null, this.wrong.node,
        this.noisy ? this.noisyOnly.node : null, this.moved.node),
      make("label", { class: "tv-field" }, "Confidence below", this.below,
        this.belowValue));
  }

  buildSample() {
    this.number = make("input", { type: "number", min: 0, max: this.n - 1, step: 1,
      "aria-label": `Sample number, 0 to ${this.n - 1}`, placeholder: "number",
      oninput: () => {
        const i = this.number.value === "" ? -1 : Math.round(Number(this.number.value));
        this.save("selected", i >= 0 && i < this.n ? i : -1);
      } });
    this.clear = make("button", { class: "tv-text-button", type: "button",
      onclick: () => this.save("selected", -1) }, "Clear");
    this.hint = make("p", { class: "tv-hint" }, "Point at a sample to see its label and",
      " prediction; click it, or type its number, to follow it through the epochs.");
    this.picture = make("canvas", { class: "tv-picture", role: "img" });
    this.facts = make("div", { class: "tv-facts", "aria-live": "polite" });
    this.strip = make("canvas", { class: "tv-strip", role: "img",
      onclick: (event) => {
        const box = this.strip.getBoundingClientRect();
        this.pause();
        this.go(Math.floor((event.clientX - box.left) / box.width * this.frames));
      } });
    this.near = make("div", { class: "tv-near", role: "group",
      "aria-label": "Nearest neighbours in feature space" });
    this.details = make("div", {},
      make("div", { class: "tv-sample-body" }, this.images ? this.picture : null,
        this.facts),
      make("p", { class: "tv-caption" },
        "Predicted class at every epoch, as high as its confidence"),
      this.strip,
      ...(this.k ? [make("p", { class: "tv-caption" },
        "Nearest in feature space at this epoch, with their labels"), this.near] : []));
    this.sample.append(make("div", { class: "tv-sample-head" },
      make("span", {}, "Number"), this.number, this.clear), this.hint, this.details);
  }

  buildLegend() {
    const key = (drawing, text) => {
      const node = make("span", { class: "tv-key" });
      node.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true">${drawing}</svg>`;
      node.append(text);
      return node;
    };
    const dot = '<circle cx="8" cy="8" r="4" fill="currentColor"/>';
    const diamond = '<path d="M8 2l6 6-6 6-6-6z" fill="currentColor"/>';
    const ring = '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" ' +
      'stroke-width="2"/><circle cx="8" cy="8" r="2" fill="currentColor"/>';
    const band = '<rect x="1" y="3" width="14" height="10" fill="#fff" ' +
      'stroke="currentColor"/>';
    this.legend.append(
      ...(this.n > this.header.train ? [key(dot, "training"), key(diamond, "test")] : []),
      key(ring, "wrong: ring is the label, centre the prediction"),
      key(band, "white: near a boundary"));
  }

  // --------------------------------------------------------------------- loading

  ask(message) {
    clearTimeout(this.retry);
    this.model.send({ view: this.id, ...message });
    this.retry = setTimeout(() => this.ask(message), RETRY);
  }

  async receive(message, buffers) {
    if (message.view !== this.id) return; // for another view of the same film
    if (message.type === "film" && !this.header) {
      this.header = message.header;
      this.parts = message.parts;
      this.pieces = [];
      this.wanted = 0;
      this.received = 0;
      this.began = performance.now();
      this.ask({ type: "part", index: 0 });
    } else if (message.type === "part" && message.index === this.wanted) {
      clearTimeout(this.retry);
      this.wanted += 1;
      const view = buffers[0];
      const piece = new Uint8Array((view.buffer ?? view).slice(view.byteOffset ?? 0,
        (view.byteOffset ?? 0) + view.byteLength));
      this.received += piece.length;
      if (this.wanted < this.parts) {
        const due = Math.max(0, (this.received - BURST) / RATE * 1000);
        const wait = Math.max(0, due - (performance.now() - this.began));
        this.retry = setTimeout(
          () => this.ask({ type: "part", index: this.wanted }), wait);
      }
      const films = this.header.film_parts;
      if (message.index < films) this.pieces.push(piece);
      if (message.index === films - 1) {
        this.opened = this.open();
        await this.opened;
        await this.prepare();
      } else if (message.index >= films) {
        await this.opened; // the film may still be unpacked
        await this.addImages(message.index - films, piece);
      }
    }
  }

  async open() {
    const { header } = this;
    const data = await inflate(this.pieces);
    this.pieces = null;
    let start = 0;
    for (const [name, type, shape] of header.sections) {
      const size = shape.reduce((a, b) => a * b, 1);
      const Kind = type === "u2" ? Uint16Array : Uint8Array;
      this[name] = new Kind(data.buffer, start, size);
      if (name === "classes") this.res = shape.slice(1);
      if (name === "neighbours") this.k = shape[2];
      start += size * Kind.BYTES_PER_ELEMENT;
    }
    this.n = this.labels.length;
    this.frames = header.epochs.length;
    this.images = header.image_shape.length
      ? new Uint8Array(this.n * header.image_shape.reduce((a, b) => a * b, 1)) : null;
    this.imagesReady = 0;
    this.regions = new Array(this.frames); // pictures of the canvases
    this.centres = new Array(this.frames); // of the classes, where names are drawn
    this.movers = new Array(this.frames);
    this.shown = new Uint8Array(this.n);
    this.slider.max = this.frames - 1;
    this.buildFilters();
    this.buildSample();
    this.buildLegend();
    this.veil.hidden = true;
    this.layout();
    this.go(Math.min(this.get("frame"), this.frames - 1));
    this.el.dataset.loaded = "true";
  }

  async prepare() { // what each epoch needs, before it is looked at
    for (let t = 0; t < this.frames && !this.gone; t++) {
      this.region(t);
      this.centre(t);
      await new Promise((done) => setTimeout(done));
    }
  }

  async addImages(block, piece) {
    const pixels = await inflate([piece]);
    const { image_shape: shape, image_block: rows } = this.header;
    const each = shape.reduce((a, b) => a * b, 1);
    this.images.set(pixels, block * rows * each);
    this.imagesReady = Math.min(this.n, (block + 1) * rows);
    this.el.dataset.images = String(this.imagesReady);
    if (this.get("selected") >= 0) this.showSample();
  }

  // --------------------------------------------------------------------- events

  listen() {
    this.on("msg:custom", (message, buffers) => this.receive(message, buffers));
    this.on("change:frame", () => {
      if (this.n && this.get("frame") !== this.frame) this.go(this.get("frame"));
    });
    this.on("change:speed", () => { this.speed.value = this.get("speed"); });
    this.on("change:selected", () => { this.showSample(); this.draw(); });
    const canvas = this.canvas;
    canvas.addEventListener("pointermove", (event) => this.point(this.at(event)));
    canvas.addEventListener("pointerleave", () => this.point(-1));
    canvas.addEventListener("click", (event) => {
      const i = this.at(event);
      this.save("selected", i === this.get("selected") ? -1 : i);
    });
    this.el.addEventListener("keydown", (event) => this.key(event));
    const resize = new ResizeObserver(() => { this.layout(); this.showSample(); });
    resize.observe(this.left);
    resize.observe(this.right);
    const theme = new MutationObserver(() => this.restyle());
    theme.observe(document.body, { attributes: true,
      attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
    this.cleanups.push(() => resize.disconnect(), () => theme.disconnect());
  }

  destroy() {
    this.gone = true;
    this.pause();
    clearTimeout(this.retry);
    cancelAnimationFrame(this.pending);
    for (const undo of this.cleanups) undo();
  }

  key(event) {
    if (!this.n || event.ctrlKey || event.metaKey || event.altKey) return;
    const own = event.target.matches?.("input"); // has its own use of arrows, Space
    const slider = event.target === this.slider;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && !own) {
      this.pause();
      this.go(this.frame + step);
    } else if (event.key === " " && (slider || !own) &&
        event.target.tagName !== "BUTTON") {
      this.toggle();
    } else if (event.key === "Escape") {
      this.save("selected", -1);
    } else return;
    event.preventDefault();
  }

  at(event) {
    if (!this.n) return -1;
    const box = this.canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) * this.ratio;
    const y = (event.clientY - box.top) * this.ratio;
    let best = -1, least = (REACH * this.ratio) ** 2;
    for (let i = 0; i < this.n; i++) {
      if (!this.shown[i]) continue;
      const d = (this.now[2 * i] - x) ** 2 + (this.now[2 * i + 1] - y) ** 2;
      if (d <= least) { least = d; best = i; } // the one on top wins
    }
    return best;
  }

  point(i) {
    if (i === this.hover) return;
    this.hover = i;
    this.tip.hidden = i < 0;
    if (i >= 0) this.showTip(i);
    this.draw();
  }

  // -------------------------------------------------------------------- playback

  go(frame) {
    const next = Math.max(0, Math.min(this.frames - 1, frame));
    if (next === this.frame) return;
    const begin = performance.now();
    const before = this.playing ? this.now.slice() : null;
    this.last = this.frame;
    this.frame = next;
    this.target = this.positions(next);
    this.tween = null;
    if (before && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.tween = { before, begin, long: Math.min(600, 0.7 * this.period()) };
    } else {
      this.now = this.target;
    }
    this.slider.value = next;
    this.slider.setAttribute("aria-valuetext",
      `epoch ${this.header.epochs[next]}, ${next + 1} of ${this.frames}`);
    this.refilter();
    if (this.hover >= 0) this.point(-1);
    this.showSample();
    this.el.dataset.frame = String(next);
    this.el.dataset.milliseconds = (performance.now() - begin).toFixed(2);
    if (!this.playing) this.save("frame", next);
  }

  period() { return 2000 / this.get("speed"); }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  play() {
    if (!this.n || this.frames < 2) return;
    if (this.frame >= this.frames - 1) this.go(0);
    this.playing = true;
    this.showPlaying();
    let last = performance.now() - 0.7 * this.period();
    const tick = (now) => {
      if (!this.playing) return;
      if (now - last >= this.period()) {
        if (this.frame >= this.frames - 1) { this.pause(); return; }
        last = now;
        this.go(this.frame + 1);
      } else if (this.tween) this.paint();
      this.timer = requestAnimationFrame(tick);
    };
    this.timer = requestAnimationFrame(tick);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.timer);
    this.tween = null;
    this.now = this.target;
    this.showPlaying();
    this.draw();
    this.save("frame", this.frame);
  }

  showPlaying() {
    const on = this.playing;
    setIcon(this.playButton, on ? "pause" : "play");
    this.playButton.setAttribute("aria-label", on ? "Pause" : "Play");
    this.playButton.title = on ? "Pause" : "Play";
    // Several announcements a second would drown a screen reader.
    this.status.setAttribute("aria-live", on ? "off" : "polite");
    this.facts.setAttribute("aria-live", on ? "off" : "polite");
    this.el.dataset.playing = String(on);
  }

  // --------------------------------------------------------------------- filters

  movedMost(t) {
    if (!this.movers[t]) {
      const here = this.n * 2 * t, there = here - this.n * 2;
      const [sx, sy] = this.header.span;
      const far = Float64Array.from({ length: this.n }, (_, i) => Math.hypot(
        sx * (this.places[here + 2 * i] - this.places[there + 2 * i]),
        sy * (this.places[here + 2 * i + 1] - this.places[there + 2 * i + 1])));
      const order = [...far.keys()].sort((a, b) => far[b] - far[a]);
      this.movers[t] = new Uint8Array(this.n);
      for (const i of order.slice(0, Math.ceil(MOVED * this.n))) this.movers[t][i] = 1;
    }
    return this.movers[t];
  }

  refilter() {
    const { n, labels, shown, frame } = this;
    const at = frame * n;
    const classes = this.classBoxes.map((b) => b.input.checked);
    const kinds = [this.train.input.checked, this.test.input.checked];
    const wrong = this.wrong.input.checked;
    const noisy = this.noisy && this.noisyOnly.input.checked;
    // The first epoch has none before it, so there nothing is hidden for not moving.
    const moved = this.moved.input.checked && frame > 0 ? this.movedMost(frame) : null;
    const limit = Number(this.below.value);
    const below = limit < 100 ? limit / 100 * STEPS : Infinity;
    this.belowValue.textContent = limit < 100 ? `${limit} %` : "off";
    this.total = this.mistakes = 0;
    for (let i = 0; i < n; i++) {
      const miss = this.predictions[at + i] !== labels[i];
      shown[i] = classes[labels[i]] && kinds[i < this.header.train ? 0 : 1] &&
        (!wrong || miss) && (!noisy || this.noisy[i]) && (!moved || moved[i]) &&
        this.confidence[at + i] < below ? 1 : 0;
      this.total += shown[i];
      if (shown[i] && miss) this.mistakes += 1;
    }
    this.showStatus();
    this.draw();
  }

  // -------------------------------------------------------------------- drawing

  layout() {
    if (!this.n) return;
    const [x0, x1, y0, y1] = this.header.extent;
    const ratio = window.devicePixelRatio || 1;
    const tall = Math.min(1.6, Math.max(0.4, (y1 - y0) / (x1 - x0)));
    const width = Math.max(200, Math.floor(this.left.clientWidth));
    const height = Math.round(width * tall);
    if (width === this.width && height === this.height && ratio === this.ratio) return;
    Object.assign(this, { width, height, ratio });
    this.point(-1);
    for (const canvas of [this.background, this.canvas]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    this.stage.style.width = `${width}px`;
    this.radius = Math.min(4.5, Math.max(2, 9 - 1.8 * Math.log10(this.n))) * ratio;
    this.restyle();
  }

  restyle() {
    if (!this.n) return;
    const style = getComputedStyle(this.el);
    const colour = (name) => style.getPropertyValue(`--tv-${name}`).trim();
    this.colours = Object.fromEntries(["ground", "ink", "halo"].map((k) =>
      [k, colour(k)]));
    this.textColour = style.color;
    this.sprites = new Map();
    this.regions.fill(undefined);
    if (this.frame < 0) return;
    this.target = this.now = this.positions(this.frame);
    this.tween = null;
    this.paint();
    this.showSample();
  }

  positions(t) { // of all points in device pixels
    const [x0, x1, y0, y1] = this.header.extent;
    const { low, span } = this.header;
    const { width, height } = this.canvas;
    const sx = width / (x1 - x0), sy = height / (y1 - y0);
    const out = new Float32Array(2 * this.n);
    const base = 2 * this.n * t;
    for (let i = 0; i < out.length; i += 2) {
      out[i] = (low[0] + this.places[base + i] / LEVELS * span[0] - x0) * sx;
      out[i + 1] = (y1 - low[1] - this.places[base + i + 1] / LEVELS * span[1]) * sy;
    }
    return out;
  }

  region(t) { // the paper's colours: white near the boundary, at most 45 % of a hue
    if (this.regions[t]) return this.regions[t];
    const [rows, cols] = this.res;
    const size = rows * cols, base = t * size;
    const picture = make("canvas", { width: cols, height: rows });
    const ctx = picture.getContext("2d");
    const image = ctx.createImageData(cols, rows);
    const ground = rgb(this.colours.ground);
    const hues = this.header.colours.map(rgb);
    let most = 1;
    for (let i = 0; i < size; i++) most = Math.max(most, this.margin[base + i]);
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++) {
        const from = base + row * cols + col;
        const to = 4 * ((rows - 1 - row) * cols + col); // row 0 lies at y0
        const d = this.margin[from];
        const strength = d < this.header.band ? 0 : 0.45 * d / most;
        const hue = hues[this.classes[from]];
        for (let c = 0; c < 3; c++) {
          image.data[to + c] = ground[c] + strength * (hue[c] - ground[c]);
        }
        image.data[to + 3] = 255;
      }
    }
    ctx.putImageData(image, 0, 0);
    this.regions[t] = picture;
    return picture;
  }

  centre(t) { // median place of each class's training samples, as shares of the range
    if (this.centres[t]) return this.centres[t];
    const base = 2 * this.n * t;
    const xs = this.header.names.map(() => []), ys = xs.map(() => []);
    for (let i = 0; i < this.header.train; i++) {
      xs[this.labels[i]].push(this.places[base + 2 * i]);
      ys[this.labels[i]].push(this.places[base + 2 * i + 1]);
    }
    this.centres[t] = xs.map((x, c) => x.length ? [median(x), median(ys[c])] : null);
    return this.centres[t];
  }

  sprite(test, label, said) {
    const classes = this.header.names.length;
    const key = (test * classes + label) * classes + said;
    if (this.sprites.has(key)) return this.sprites.get(key);
    const { ratio, radius } = this;
    const { colours } = this.header;
    const wrong = label !== said;
    const size = 2 * Math.ceil(2 * radius + 2 * ratio) + 1;
    const canvas = make("canvas", { width: size, height: size });
    const ctx = canvas.getContext("2d");
    const mid = size / 2;
    if (wrong) {
      shape(ctx, test, mid, mid, 1.45 * radius);
      ctx.fillStyle = "#ffffff";
      ctx.fill();
      ctx.strokeStyle = colours[label];
      ctx.lineWidth = 0.6 * radius;
      ctx.stroke();
      ctx.beginPath();
      ctx.arc(mid, mid, 0.75 * radius, 0, 7);
      ctx.fillStyle = colours[said];
      ctx.fill();
    } else {
      shape(ctx, test, mid, mid, radius);
      ctx.strokeStyle = test ? this.colours.ink : "#ffffff";
      ctx.lineWidth = (test ? 1.2 : 1) * ratio;
      ctx.stroke();
      ctx.fillStyle = colours[label];
      ctx.fill();
    }
    this.sprites.set(key, canvas);
    return canvas;
  }

  draw() { // soon, once for all that changes until then
    if (this.pending || !this.n || this.frame < 0) return;
    this.pending = requestAnimationFrame(() => this.paint());
  }

  paint() {
    cancelAnimationFrame(this.pending);
    this.pending = 0;
    const begin = performance.now();
    let share = 1;
    if (this.tween) {
      const passed = Math.max(0, (begin - this.tween.begin) / this.tween.long);
      share = passed >= 1 ? 1 : passed * passed * (3 - 2 * passed);
      if (passed >= 1) { this.now = this.target; this.tween = null; }
      else {
        const { before } = this.tween;
        this.now = this.target.map((v, i) => before[i] + share * (v - before[i]));
      }
    }
    const { width, height } = this.canvas;
    const back = this.background.getContext("2d");
    back.clearRect(0, 0, width, height); // else a trace of the epoch before shines through
    back.imageSmoothingEnabled = true;
    back.imageSmoothingQuality = "high";
    if (share < 1) back.drawImage(this.region(this.last), 0, 0, width, height);
    back.globalAlpha = share;
    back.drawImage(this.region(this.frame), 0, 0, width, height);
    back.globalAlpha = 1;
    const ctx = this.canvas.getContext("2d");
    ctx.clearRect(0, 0, width, height);
    if (this.trails.input.checked) this.drawTrails(ctx);
    const { n, labels, shown } = this;
    const at = this.frame * n;
    for (const misses of [false, true]) { // mistakes on top
      for (let i = 0; i < n; i++) {
        if (!shown[i] || (this.predictions[at + i] !== labels[i]) !== misses) continue;
        this.dot(ctx, i);
      }
    }
    if (this.named.input.checked) this.drawNames(ctx, share);
    this.drawSelected(ctx);
    if (this.hover >= 0) this.ring(ctx, this.hover, 2.2);
    this.el.dataset.painted = (performance.now() - begin).toFixed(2);
  }

  dot(ctx, i) {
    const dot = this.sprite(i < this.header.train ? 0 : 1, this.labels[i],
      this.predictions[this.frame * this.n + i]);
    const half = dot.width / 2;
    ctx.drawImage(dot, Math.round(this.now[2 * i] - half),
      Math.round(this.now[2 * i + 1] - half));
  }

  drawTrails(ctx) {
    const { n, labels, shown } = this;
    ctx.lineWidth = 1.2 * this.ratio;
    for (let back = Math.min(TRAIL, this.frame); back > 0; back--) {
      const from = this.positions(this.frame - back);
      const to = back > 1 ? this.positions(this.frame - back + 1) : this.now;
      ctx.globalAlpha = 0.75 - 0.2 * back;
      this.header.colours.forEach((colour, c) => {
        ctx.strokeStyle = colour;
        ctx.beginPath();
        for (let i = 0; i < n; i++) {
          if (!shown[i] || labels[i] !== c) continue;
          ctx.moveTo(from[2 * i], from[2 * i + 1]);
          ctx.lineTo(to[2 * i], to[2 * i + 1]);
        }
        ctx.stroke();
      });
    }
    ctx.globalAlpha = 1;
  }

  drawNames(ctx, share) {
    const [x0, x1, y0, y1] = this.header.extent;
    const { low, span, names } = this.header;
    const before = share < 1 ? this.centre(this.last) : null;
    ctx.font = `600 ${13 * this.ratio}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    ctx.lineWidth = 4 * this.ratio;
    ctx.strokeStyle = this.colours.halo;
    ctx.fillStyle = this.colours.ink;
    this.centre(this.frame).forEach((place, c) => {
      if (!place || !this.classBoxes[c].input.checked) return;
      const [u, v] = place.map((p, k) => before
        ? before[c][k] + share * (p - before[c][k]) : p);
      const x = (low[0] + u / LEVELS * span[0] - x0) / (x1 - x0) * this.canvas.width;
      const y = (y1 - low[1] - v / LEVELS * span[1]) / (y1 - y0) * this.canvas.height;
      ctx.strokeText(names[c], x, y);
      ctx.fillText(names[c], x, y);
    });
  }

  ring(ctx, i, size) {
    const [x, y] = [this.now[2 * i], this.now[2 * i + 1]];
    for (const [colour, width] of [["halo", 4], ["ink", 2]]) {
      ctx.beginPath();
      ctx.arc(x, y, size * this.radius, 0, 7);
      ctx.strokeStyle = this.colours[colour];
      ctx.lineWidth = width * this.ratio;
      ctx.stroke();
    }
  }

  drawSelected(ctx) {
    const i = this.get("selected");
    if (i < 0 || i >= this.n) return;
    const here = [this.now[2 * i], this.now[2 * i + 1]];
    ctx.save();
    ctx.lineJoin = ctx.lineCap = "round";
    ctx.strokeStyle = this.colours.ink;
    ctx.lineWidth = this.ratio;
    ctx.setLineDash([2 * this.ratio, 3 * this.ratio]);
    for (const j of this.neighboursOf(i)) {
      ctx.beginPath();
      ctx.moveTo(...here);
      ctx.lineTo(this.now[2 * j], this.now[2 * j + 1]);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    for (const j of this.neighboursOf(i)) {
      if (!this.shown[j]) this.dot(ctx, j); // a neighbour is one though filtered out
      this.ring(ctx, j, 1.7);
    }
    const way = Array.from({ length: this.frames }, (_, t) =>
      t === this.frame ? here : this.place(t, i));
    for (const [colour, width] of [["halo", 4.5], ["ink", 2]]) {
      ctx.strokeStyle = this.colours[colour];
      ctx.lineWidth = width * this.ratio;
      for (const [first, last, alpha] of [[this.frame, this.frames - 1, 0.35],
        [0, this.frame, 1]]) {
        ctx.globalAlpha = alpha;
        ctx.beginPath();
        for (let t = first; t <= last; t++) ctx.lineTo(...way[t]);
        ctx.stroke();
      }
    }
    way.forEach(([x, y], t) => { // each stop in the colour of what was predicted there
      ctx.globalAlpha = t <= this.frame ? 1 : 0.5;
      ctx.beginPath();
      ctx.arc(x, y, 3.2 * this.ratio, 0, 7);
      ctx.fillStyle = this.header.colours[this.predictions[t * this.n + i]];
      ctx.fill();
      ctx.lineWidth = this.ratio;
      ctx.strokeStyle = this.colours.ink;
      ctx.stroke();
    });
    ctx.restore();
    this.dot(ctx, i);
    this.ring(ctx, i, 2.4);
  }

  place(t, i) {
    const [x0, x1, y0, y1] = this.header.extent;
    const { low, span } = this.header;
    const at = 2 * (this.n * t + i);
    return [(low[0] + this.places[at] / LEVELS * span[0] - x0) / (x1 - x0) *
      this.canvas.width, (y1 - low[1] - this.places[at + 1] / LEVELS * span[1]) /
      (y1 - y0) * this.canvas.height];
  }

  neighboursOf(i) {
    if (!this.k) return [];
    const at = (this.frame * this.n + i) * this.k;
    return [...this.neighbours.subarray(at, at + this.k)];
  }

  // ------------------------------------------------------------------------ text

  showStatus() {
    const { frame, header } = this;
    const parts = [`epoch ${header.epochs[frame]} (${frame + 1} of ${this.frames})`,
      `${count(this.total)} of ${count(this.n)} points`,
      `${count(this.mistakes)} wrong`];
    if (this.moved.input.checked && !frame) parts.push("no epoch before");
    this.headline.textContent = parts.join(" · ");
    const line = header.metrics[frame];
    this.metrics.textContent = line ? `Visualisation confidence: ${line}` : "";
    this.canvas.setAttribute("aria-label", `Map of ${parts.join(", ")}. Left and right ` +
      "arrow keys change the epoch, Space plays, Escape deselects.");
  }

  said(i) {
    const at = this.frame * this.n + i;
    const { names } = this.header;
    return `predicted ${names[this.predictions[at]]} (${percent(this.confidence[at])})`;
  }

  kind(i) {
    return (i < this.header.train ? "training" : "test") +
      (this.noisy?.[i] ? ", noisy label" : "");
  }

  showTip(i) {
    this.tip.textContent = `#${i} · ${this.kind(i)}\nlabel ` +
      `${this.header.names[this.labels[i]]}, ${this.said(i)}`;
    const x = this.now[2 * i] / this.ratio, y = this.now[2 * i + 1] / this.ratio;
    const { offsetWidth: w, offsetHeight: h } = this.tip;
    const left = x + 14 + w > this.width ? x - 14 - w : x + 14;
    this.tip.style.left = `${Math.max(0, left)}px`;
    this.tip.style.top = `${Math.max(0, Math.min(this.height - h, y - h / 2))}px`;
  }

  drawImage(canvas, i) {
    const [h, w, channels = 1] = this.header.image_shape;
    canvas.width = w;
    canvas.height = h;
    if (i >= this.imagesReady) return;
    const ctx = canvas.getContext("2d");
    const image = ctx.createImageData(w, h);
    const base = i * h * w * channels;
    for (let p = 0; p < h * w; p++) {
      for (let c = 0; c < 3; c++) {
        image.data[4 * p + c] = this.images[base + p * channels + (c % channels)];
      }
      image.data[4 * p + 3] = 255;
    }
    ctx.putImageData(image, 0, 0);
  }

  showSample() {
    if (!this.n || this.frame < 0) return;
    const i = this.get("selected");
    const none = i < 0 || i >= this.n;
    this.hint.hidden = !none;
    this.details.hidden = this.clear.hidden = none;
    if (document.activeElement !== this.number || none) {
      this.number.value = none ? "" : i;
    }
    if (none) return;
    const { names, colours } = this.header;
    const at = this.frame * this.n + i;
    if (this.images) {
      this.drawImage(this.picture, i);
      this.picture.setAttribute("aria-label", i < this.imagesReady
        ? `Image of sample ${i}` : "Image not loaded yet");
    }
    const line = (c, text) => make("p", { hue: colours[c] }, make("i"), text);
    const right = this.predictions[at] === this.labels[i];
    this.facts.replaceChildren(
      make("p", {}, make("strong", {}, `#${i}`), ` · ${this.kind(i)}`),
      line(this.labels[i], `label ${names[this.labels[i]]}`),
      line(this.predictions[at], this.said(i)),
      make("p", {}, `${right ? "right" : "wrong"} at epoch ` +
        `${this.header.epochs[this.frame]}`));
    this.drawStrip(i);
    if (!this.k) return;
    const focused = this.near.contains(document.activeElement);
    this.near.replaceChildren(...this.neighboursOf(i).map((j) => {
      const name = names[this.labels[j]];
      const button = make("button", { type: "button", hue: colours[this.labels[j]],
        title: `#${j} · ${this.kind(j)}, label ${name}, ${this.said(j)}`,
        "aria-label": `Select sample ${j}, label ${name}`,
        onclick: () => this.save("selected", j) });
      if (this.images) {
        const picture = make("canvas", { "aria-hidden": "true", tabindex: "-1" });
        this.drawImage(picture, j);
        button.append(picture);
      }
      button.append(name);
      return button;
    }));
    if (focused) this.near.firstChild.focus();
  }

  drawStrip(i) {
    const { ratio, frames, n } = this;
    const { names, colours, epochs } = this.header;
    const width = Math.round((this.strip.clientWidth || 300) * ratio);
    const height = Math.round(62 * ratio);
    this.strip.width = width;
    this.strip.height = height;
    const ctx = this.strip.getContext("2d");
    const axis = 16 * ratio, room = height - axis, each = width / frames;
    const gap = each > 6 * ratio ? ratio : 0;
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    const every = Math.ceil(26 * ratio / each);
    const told = [];
    for (let t = 0; t < frames; t++) {
      const said = this.predictions[t * n + i], level = this.confidence[t * n + i];
      const high = Math.max(2 * ratio, room * level / STEPS);
      told.push(`epoch ${epochs[t]}: ${names[said]} ${percent(level)}`);
      ctx.fillStyle = colours[said];
      ctx.fillRect(t * each, room - high, each - gap, high);
      const fits = ctx.measureText(names[said]).width < each - 2 * ratio;
      if (fits && high > 14 * ratio) {
        ctx.fillStyle = inkOn(colours[said]);
        ctx.fillText(names[said], (t + 0.5) * each, room - 4 * ratio);
      }
      ctx.fillStyle = this.textColour;
      const here = t === this.frame;
      if (here || (t % every === 0 && Math.abs(t - this.frame) >= every)) {
        const text = String(epochs[t]), half = ctx.measureText(text).width / 2;
        const x = Math.min(width - half, Math.max(half, (t + 0.5) * each));
        ctx.fillText(text, x, height - 3 * ratio);
      }
      if (here) {
        ctx.strokeStyle = this.textColour;
        ctx.lineWidth = 2 * ratio;
        ctx.strokeRect(t * each + ratio, ratio, Math.max(each - gap - 2 * ratio, ratio),
          room - 2 * ratio);
      }
    }
    this.strip.setAttribute("aria-label", `Predictions, ${told.join("; ")}`);
  }
}

export default {
  render({ model, el }) {
    const view = new View(model, el);
    return () => view.destroy();
  },
};
