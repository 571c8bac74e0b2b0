// Front end of AssemblyViewer and AssemblyExplorer (anywidget, no dependencies).
// Python sends every state of the run once, as int16 (row, column) pairs; drawing,
// playing and stepping then need no kernel. Light maps and priority lists are asked
// for when they are looked at, so that the numbers come from the same Python code
// as the run.

const FPS = [1, 2, 3, 5, 8, 12, 16, 20, 25, 30]; // of speed 1 ... 10
const MAX_CANVAS = 660; // CSS pixels
const LIGHT_CHUNK = 16; // light maps asked for at once
const LIGHT_MEMORY = 64 << 20; // bytes kept in the page
const ARROWS = { "-1,-1": "↖", "-1,0": "↑", "-1,1": "↗", "0,-1": "←", "0,0": "●",
  "0,1": "→", "1,-1": "↙", "1,0": "↓", "1,1": "↘" };

function make(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  // Lab's shortcuts (arrows move between cells) must not take the keys of whatever
  // has the focus; Lab looks for this on the focused element itself.
  if (/input|select|button|canvas/.test(tag)) {
    node.setAttribute("data-lm-suppress-shortcuts", "true");
  }
  for (const [key, value] of Object.entries(props)) {
    if (key === "class") node.className = value;
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

function bytes(view) {
  // A copy, because a DataView into the message need not be aligned for int16.
  if (!view || !view.byteLength) return new Uint8Array(0);
  const start = view.byteOffset ?? 0;
  return new Uint8Array((view.buffer ?? view).slice(start, start + view.byteLength));
}

async function inflate(view) {
  const data = bytes(view);
  if (!data.length) return data;
  const stream = new Blob([data]).stream()
    .pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function decodePositions(view, agents) {
  // States come as differences from the one before.
  const xy = new Int16Array((await inflate(view)).buffer);
  for (let i = 2 * agents; i < xy.length; i++) xy[i] += xy[i - 2 * agents];
  return xy;
}

function rgb(text) {
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = text;
  const hex = probe.fillStyle; // normalised to #rrggbb
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

class View {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.cleanups = [];
    this.light = new Map(); // frame -> {maps, range}
    this.asked = new Set();
    this.frame = 0;
    this.playing = false;
    this.hover = -1;
    this.cursor = null;
    this.drawing = false;
    this.drawn = 0;
    this.build();
    this.listen();
    this.load();
    model.send({ type: "ready" });
  }

  get(name) { return this.model.get(name); }

  save(name, value) {
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
    el.classList.add("rp-viewer");
    this.canvas = make("canvas", { class: "rp-canvas", tabindex: "0", role: "img" });
    this.veil = make("div", { class: "rp-veil", hidden: "" }, "running…");
    this.stage = make("div", { class: "rp-stage" }, this.canvas, this.veil);
    this.status = make("div", { class: "rp-status", role: "status" });
    this.error = make("div", { class: "rp-error", role: "alert", hidden: "" });
    const button = (icon, label, action) => {
      const b = make("button", { class: "rp-button", type: "button",
        "aria-label": label, title: label, onclick: action });
      setIcon(b, icon);
      return b;
    };
    this.playButton = button("play", "Play", () => this.toggle());
    this.slider = make("input", { type: "range", class: "rp-frame", min: 0, max: 0,
      step: 1, value: 0, "aria-label": "Step of the run",
      oninput: () => { this.pause(); this.go(Number(this.slider.value)); } });
    this.speed = make("input", { type: "range", class: "rp-speed", min: 1, max: 10,
      step: 1, value: this.get("speed"), "aria-label": "Speed, 1 to 10",
      oninput: () => {
        this.speedValue.textContent = this.speed.value;
        this.save("speed", Number(this.speed.value));
      } });
    this.speedValue = make("span", { class: "rp-value" }, String(this.get("speed")));
    this.heat = this.segments("Light map", ["off", "blue", "red", "both"],
      this.get("heat"), (value) => this.save("heat", value));
    const transport = make("div", { class: "rp-row rp-transport", role: "group",
      "aria-label": "Playback" },
      button("first", "First step", () => { this.pause(); this.go(0); }),
      button("back", "Step back", () => { this.pause(); this.go(this.frame - 1); }),
      this.playButton,
      button("forward", "Step forward",
        () => { this.pause(); this.go(this.frame + 1); }),
      button("last", "Last step", () => { this.pause(); this.go(this.steps); }),
      this.slider);
    const options = make("div", { class: "rp-row rp-options" },
      make("label", { class: "rp-label" }, "Speed ", this.speed, this.speedValue),
      make("span", { class: "rp-label" }, "Light ", this.heat.node));
    this.legend = make("div", { class: "rp-legend", "aria-label": "Legend" });
    this.left = make("div", { class: "rp-left" }, this.stage, transport, options,
      this.status, this.error, this.legend);
    this.inspector = make("section", { class: "rp-inspector",
      "aria-label": "Selected agent", "aria-live": "polite" });
    this.right = make("div", { class: "rp-right" });
    if (this.get("controls")) this.right.append(this.buildControls());
    this.right.append(this.inspector);
    el.append(make("div", { class: "rp-layout" }, this.left, this.right));
    this.showInspector(null);
  }

  segments(label, values, current, action) {
    const node = make("span", { class: "rp-segments", role: "radiogroup",
      "aria-label": label });
    const name = `rp-${Math.random().toString(36).slice(2)}`;
    const inputs = values.map((value) => {
      const input = make("input", { type: "radio", name, value,
        onchange: () => action(value) });
      input.checked = value === current;
      node.append(make("label", {}, input, make("span", {}, value)));
      return input;
    });
    return { node, set: (value) => {
      for (const input of inputs) input.checked = input.value === value;
    } };
  }

  buildControls() {
    const field = (label, node, extra) =>
      make("label", { class: "rp-field" }, make("span", {}, label), node, extra);
    const choose = (name, options, label) => {
      const node = make("select", { "aria-label": label,
        onchange: () => {
          const value = name === "width" ? Number(node.value) : node.value;
          this.request({ [name]: value,
            ...(name === "shape" ? { source: "named" } : {}) });
        } });
      for (const option of options) {
        node.append(make("option", { value: option },
          name === "width" ? `${option} × ${option}` : String(option)));
      }
      const update = () => {
        const own = name === "shape" && this.get("source") !== "named";
        node.value = own ? "" : String(this.get(name));
      };
      if (name === "shape") {
        // Shown while a text, drawing or picture is formed.
        node.prepend(make("option", { value: "", disabled: "" }, "(own shape)"));
        this.on("change:source", update);
      }
      update();
      this.on(`change:${name}`, update);
      return node;
    };
    const range = (name, label, step) => {
      const value = make("span", { class: "rp-value" });
      const node = make("input", { type: "range", min: 0, max: 1, step,
        "aria-label": label,
        oninput: () => { value.textContent = Number(node.value).toFixed(2); },
        onchange: () => this.request({ [name]: Number(node.value) }) });
      const update = () => {
        node.value = this.get(name);
        value.textContent = this.get(name).toFixed(2);
      };
      update();
      this.on(`change:${name}`, update);
      return [node, value];
    };
    const text = make("input", { type: "text", maxlength: 12, placeholder: "e.g. ALF",
      "aria-label": "Text to form", onkeydown: (event) => {
        if (event.key === "Enter") write();
      } });
    const write = () => this.request({ source: "text", text: text.value });
    text.value = this.get("text");
    const file = make("input", { type: "file", accept: "image/*", class: "rp-file",
      "aria-label": "Picture to form", onchange: () => this.upload(file) });
    this.drawButton = make("button", { type: "button", class: "rp-text-button",
      "aria-pressed": "false", onclick: () => this.setDrawing(!this.drawing) }, "Draw");
    this.brush = make("select", { "aria-label": "Brush" },
      ...["1", "3", "5", "9"].map((n) => make("option", { value: n }, `${n} wide`)));
    this.brush.value = "5";
    this.eraser = make("input", { type: "checkbox", "aria-label": "Erase" });
    const form = (label, action, strong) => make("button", { type: "button",
      class: strong ? "rp-text-button rp-strong" : "rp-text-button",
      onclick: action }, label);
    this.tools = make("div", { class: "rp-tools", hidden: "" },
      make("span", {}, "Brush"), this.brush,
      make("label", {}, this.eraser, " erase"),
      form("Clear", () => { this.mask.fill(0); this.draw(); }),
      form("Run drawing", () => this.sendDrawing(), true));
    const seed = make("input", { type: "number", min: 0, step: 1, "aria-label": "Seed",
      onchange: () => {
        const value = Math.max(0, Math.floor(Number(seed.value) || 0));
        this.request({ seed: value });
      } });
    seed.value = this.get("seed");
    this.on("change:seed", () => { seed.value = this.get("seed"); });
    const morph = make("input", { type: "checkbox", onchange: () => {
      this.save("morph", morph.checked);
    } });
    this.morphBox = morph;
    morph.checked = this.get("morph");
    this.on("change:morph", () => { morph.checked = this.get("morph"); });
    const repair = make("input", { type: "checkbox",
      onchange: () => this.request({ repair: repair.checked }) });
    repair.checked = this.get("repair");
    this.on("change:repair", () => { repair.checked = this.get("repair"); });
    const names = this.get("shape_names");
    return make("div", { class: "rp-controls" },
      make("fieldset", {}, make("legend", {}, "Shape"),
        field("Stored", choose("shape", names, "Stored shape")),
        field("Grid", choose("width", this.get("widths"), "Grid size")),
        field("Type", text, form("Form", write)),
        make("div", { class: "rp-field" }, make("span", {}, "Own"), this.drawButton,
          make("label", { class: "rp-text-button rp-upload" }, "Picture…", file)),
        this.tools,
        make("label", { class: "rp-check" }, morph,
          " morph: start from the agents on screen")),
      make("fieldset", {}, make("legend", {}, "Method"),
        field("γ explore", ...range("gamma", "gamma, exploration probability", 0.05)),
        field("ω switch", ...range("omega", "omega, late phase below this fraction",
          0.01)),
        field("Seed", seed, form("New", () => this.request({
          seed: this.get("seed") + 1 }))),
        make("label", { class: "rp-check" }, repair,
          " geodesic repair of stalled runs (ours)")));
  }

  // --------------------------------------------------------------------- events

  listen() {
    this.on("change:trace_id", () => this.load());
    this.on("change:frame", () => {
      if (this.get("frame") !== this.frame) this.go(this.get("frame"));
    });
    this.on("change:heat", () => {
      this.heat.set(this.get("heat"));
      this.drawLegend();
      this.draw();
    });
    this.on("change:speed", () => {
      this.speed.value = this.get("speed");
      this.speedValue.textContent = String(this.get("speed"));
    });
    this.on("change:selected", () => { this.inspect(); this.draw(); });
    this.on("change:busy", () => this.showBusy());
    this.on("change:error", () => this.showError());
    this.on("msg:custom", (message, buffers) => this.receive(message, buffers));
    const canvas = this.canvas;
    canvas.addEventListener("pointermove", (event) => this.pointer(event));
    canvas.addEventListener("pointerdown", (event) => this.pointer(event, true));
    canvas.addEventListener("pointerup", () => { this.stroke = null; });
    canvas.addEventListener("pointercancel", () => { this.stroke = null; });
    canvas.addEventListener("pointerleave", () => {
      if (this.hover >= 0) { this.hover = -1; this.draw(); }
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => { this.cursor = null; this.draw(); });
    const resize = new ResizeObserver(() => this.layout());
    resize.observe(this.left);
    const theme = new MutationObserver(() => this.restyle());
    theme.observe(document.body, { attributes: true,
      attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
    this.cleanups.push(() => resize.disconnect(), () => theme.disconnect());
  }

  destroy() {
    this.pause();
    for (const undo of this.cleanups) undo();
  }

  async receive(message, buffers) {
    if (message.type === "ran") {
      this.waiting = false;
      if (this.next) this.request({});
      this.showBusy();
      return;
    }
    if (message.trace_id !== this.get("trace_id")) return; // of an earlier run
    if (message.type === "light") {
      const maps = await Promise.all(buffers.map(inflate));
      if (message.trace_id !== this.get("trace_id")) return;
      message.frames.forEach((frame, i) => {
        this.asked.delete(frame);
        this.light.set(frame, { maps: maps[i], range: message.ranges[i] });
      });
      const each = 2 * this.rows * this.cols;
      for (const old of this.light.keys()) {
        if (this.light.size * each <= LIGHT_MEMORY) break;
        this.light.delete(old);
      }
      this.draw();
    } else if (message.type === "agent") {
      const now = message.agent === this.get("selected");
      if (now && message.frame === this.frame) this.showInspector(message);
    }
  }

  request(changes, picture) {
    // One run at a time: what is asked for meanwhile is merged and run next. The
    // settings travel in the message, because traits may arrive after it.
    this.next = { ...this.next, ...changes };
    this.nextPicture = picture ?? this.nextPicture;
    if (this.waiting) return;
    this.pause();
    this.waiting = true;
    this.showBusy();
    const state = { frame: Math.max(0, this.frame), morph: this.morphBox.checked };
    this.model.send({ type: "run", changes: { ...this.next, ...state } },
      undefined, this.nextPicture ? [this.nextPicture.buffer] : []);
    this.next = this.nextPicture = null;
  }

  pointer(event, down = false) {
    const cell = this.cellAt(event);
    if (this.drawing) {
      if (down) {
        event.preventDefault();
        this.canvas.setPointerCapture(event.pointerId);
      }
      if (down || (this.stroke && event.buttons)) this.paint(cell, event);
      return;
    }
    const agent = this.agentAt(cell);
    if (down) {
      this.save("selected", agent === this.get("selected") ? -1 : agent);
    } else if (agent !== this.hover) {
      this.hover = agent;
      this.canvas.title = agent < 0 ? "" : `agent ${agent}`;
      this.draw();
    }
  }

  key(event) {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1],
      ArrowRight: [0, 1] }[event.key];
    if (move) {
      const [r, c] = this.cursor ?? [this.rows >> 1, this.cols >> 1];
      this.cursor = [Math.min(this.rows - 1, Math.max(0, r + move[0])),
        Math.min(this.cols - 1, Math.max(0, c + move[1]))];
      this.hover = this.agentAt(this.cursor);
    } else if (event.key === "Enter" || event.key === " ") {
      if (!this.cursor) return;
      if (this.drawing) { this.stroke = null; this.paint(this.cursor); }
      else this.save("selected", this.agentAt(this.cursor));
    } else if (event.key === "Escape") {
      this.save("selected", -1);
    } else return;
    event.preventDefault();
    this.draw();
  }

  cellAt(event) {
    const box = this.canvas.getBoundingClientRect();
    return [Math.floor((event.clientY - box.top) / box.height * this.rows),
      Math.floor((event.clientX - box.left) / box.width * this.cols)];
  }

  agentAt([r, c]) {
    const base = this.frame * this.agents * 2;
    for (let i = 0; i < this.agents; i++) {
      if (this.xy[base + 2 * i] === r && this.xy[base + 2 * i + 1] === c) return i;
    }
    return -1;
  }

  // -------------------------------------------------------------- draw and upload

  setDrawing(on) {
    this.drawing = on;
    this.pause();
    this.drawButton.setAttribute("aria-pressed", String(on));
    this.tools.hidden = !on;
    this.stage.classList.toggle("rp-drawing", on);
    if (on) this.mask = new Uint8Array(this.rows * this.cols);
    this.draw();
    this.showStatus();
  }

  paint([r, c]) {
    const value = this.eraser.checked ? 0 : 1;
    const half = (Number(this.brush.value) - 1) / 2;
    const [r0, c0] = this.stroke ?? [r, c];
    const n = Math.max(Math.abs(r - r0), Math.abs(c - c0), 1);
    for (let k = 0; k <= n; k++) { // joins the samples of a fast stroke
      const y = Math.round(r0 + (r - r0) * k / n);
      const x = Math.round(c0 + (c - c0) * k / n);
      for (let dy = -half; dy <= half; dy++) {
        for (let dx = -half; dx <= half; dx++) {
          if (half > 1 && dy * dy + dx * dx > half * half + 1) continue;
          const [yy, xx] = [y + dy, x + dx];
          if (yy >= 0 && xx >= 0 && yy < this.rows && xx < this.cols) {
            this.mask[yy * this.cols + xx] = value;
          }
        }
      }
    }
    this.stroke = [r, c];
    this.draw();
    this.showStatus();
  }

  sendDrawing() {
    const mask = this.mask;
    this.setDrawing(false);
    this.request({ source: "drawn", picture_shape: [this.rows, this.cols] }, mask);
  }

  async upload(input) {
    const file = input.files[0];
    input.value = "";
    if (!file) return;
    let image;
    try {
      image = await createImageBitmap(file);
    } catch {
      this.save("error", `${file.name} is not a picture this browser can read.`);
      return;
    }
    // Python crops, scales and thresholds; 256 pixels a side are more than it needs.
    const scale = Math.min(1, 256 / Math.max(image.width, image.height));
    const w = Math.max(1, Math.round(image.width * scale));
    const h = Math.max(1, Math.round(image.height * scale));
    const canvas = make("canvas", { width: w, height: h });
    const ctx = canvas.getContext("2d");
    ctx.fillStyle = "#fff"; // transparent counts as background
    ctx.fillRect(0, 0, w, h);
    ctx.drawImage(image, 0, 0, w, h);
    const data = ctx.getImageData(0, 0, w, h).data;
    const grey = new Uint8Array(w * h);
    for (let i = 0; i < grey.length; i++) {
      grey[i] = Math.round(
        0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]);
    }
    this.request({ source: "picture", picture_shape: [h, w] }, grey);
  }

  // ------------------------------------------------------------------- playback

  async load() {
    const id = this.get("trace_id");
    const agents = this.get("agents");
    const xy = await decodePositions(this.get("frames"), agents);
    if (id !== this.get("trace_id") || !this.get("rows")) return;
    this.pause();
    this.rows = this.get("rows");
    this.cols = this.get("cols");
    this.target = bytes(this.get("target_cells"));
    this.xy = xy;
    this.agents = agents;
    this.empty = this.get("empty");
    this.moves = this.get("moved");
    this.phases = this.get("phases");
    this.steps = Math.max(0, this.empty.length - 1);
    this.size = this.target.reduce((sum, v) => sum + v, 0);
    this.light.clear();
    this.asked.clear();
    this.hover = -1;
    this.slider.max = this.steps;
    this.frame = -1;
    this.layout();
    this.go(Math.min(this.get("frame"), this.steps));
    this.showBusy();
    this.showError();
  }

  go(frame) {
    const next = Math.max(0, Math.min(this.steps, frame));
    if (next === this.frame) return;
    this.frame = next;
    this.slider.value = next;
    this.slider.setAttribute("aria-valuetext", `step ${next} of ${this.steps}`);
    this.draw();
    this.el.dataset.framesDrawn = String(++this.drawn); // measured by the tests
    this.showStatus();
    if (!this.playing) {
      if (this.get("frame") !== next) this.save("frame", next);
      this.inspect();
    }
  }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  play() {
    if (!this.steps || this.drawing) return;
    if (this.frame >= this.steps) this.go(0);
    this.playing = true;
    this.showPlaying();
    let last = performance.now();
    const tick = (now) => {
      if (!this.playing) return;
      const period = 1000 / FPS[this.get("speed") - 1];
      // Half a display refresh of slack, so that 30 a second is not rounded to 20.
      if (now - last >= period - 8 && this.lightReady(this.frame + 1)) {
        last = Math.max(last + period, now - period);
        this.go(this.frame + 1);
        if (this.frame >= this.steps) { this.pause(); return; }
      }
      this.timer = requestAnimationFrame(tick);
    };
    this.timer = requestAnimationFrame(tick);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.timer);
    this.showPlaying();
    this.save("frame", this.frame);
    this.inspect();
  }

  // ---------------------------------------------------------------- light, agent

  lightReady(frame) {
    if (this.get("heat") === "off") return true;
    const wanted = [];
    for (let f = frame; f < Math.min(frame + LIGHT_CHUNK, this.steps + 1); f++) {
      if (!this.light.has(f) && !this.asked.has(f)) wanted.push(f);
    }
    const urgent = wanted.includes(frame);
    if (urgent || wanted.length >= LIGHT_CHUNK / 2) {
      wanted.forEach((f) => this.asked.add(f));
      this.model.send({ type: "light", frames: wanted });
    }
    return this.light.has(frame);
  }

  inspect() {
    const agent = this.get("selected");
    if (agent < 0 || agent >= this.agents) { this.showInspector(null); return; }
    if (!this.playing) this.model.send({ type: "agent", frame: this.frame, agent });
  }

  // -------------------------------------------------------------------- drawing

  layout() {
    if (!this.rows) return;
    const ratio = window.devicePixelRatio || 1;
    const room = Math.max(160, Math.min(this.left.clientWidth - 2, MAX_CANVAS)) * ratio;
    const cell = Math.max(1, Math.floor(room / Math.max(this.rows, this.cols)));
    this.cell = cell;
    this.canvas.width = this.cols * cell;
    this.canvas.height = this.rows * cell;
    this.canvas.style.width = `${this.cols * cell / ratio}px`;
    this.canvas.style.height = `${this.rows * cell / ratio}px`;
    this.left.style.setProperty("--rp-wide", this.canvas.style.width);
    this.restyle();
  }

  restyle() {
    const style = getComputedStyle(this.el);
    const colour = (name) => style.getPropertyValue(`--rp-${name}`).trim();
    this.colours = {};
    for (const name of ["ground", "target", "inside", "outside", "ink", "halo", "edge",
      "blue", "red"]) this.colours[name] = colour(name);
    this.dark = colour("scheme") === "dark";
    this.tints = { ground: rgb(this.colours.ground), blue: rgb(this.colours.blue),
      red: rgb(this.colours.red) };
    this.background = null;
    this.drawLegend();
    this.draw();
  }

  drawBackground() {
    const { cell, rows, cols } = this;
    const layer = make("canvas", { width: cols * cell, height: rows * cell });
    const ctx = layer.getContext("2d");
    ctx.fillStyle = this.colours.ground;
    ctx.fillRect(0, 0, layer.width, layer.height);
    ctx.fillStyle = this.colours.target;
    const gap = cell >= 5 ? 1 : 0;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) {
        if (!this.target[r * cols + c]) continue;
        ctx.fillRect(c * cell, r * cell, cell - gap, cell - gap);
      }
    }
    this.background = layer;
    const outline = new Path2D();
    const solid = (r, c) => r >= 0 && c >= 0 && r < rows && c < cols &&
      this.target[r * cols + c];
    for (let r = 0; r <= rows; r++) {
      for (let c = 0; c <= cols; c++) {
        if (!solid(r, c) !== !solid(r - 1, c)) {
          outline.moveTo(c * cell, r * cell);
          outline.lineTo((c + 1) * cell, r * cell);
        }
        if (!solid(r, c) !== !solid(r, c - 1)) {
          outline.moveTo(c * cell, r * cell);
          outline.lineTo(c * cell, (r + 1) * cell);
        }
      }
    }
    this.outline = outline;
  }

  drawLight(ctx, light) {
    const { rows, cols } = this;
    const image = new ImageData(cols, rows);
    const out = image.data;
    const heat = this.get("heat");
    const { ground, blue, red } = this.tints;
    const n = rows * cols;
    for (let i = 0; i < n; i++) {
      const b = heat === "red" ? 0 : light.maps[i] / 255;
      const r = heat === "blue" ? 0 : light.maps[n + i] / 255;
      const strength = Math.max(b, r);
      const share = strength ? b * b / (b * b + r * r) : 0;
      for (let k = 0; k < 3; k++) {
        const hue = red[k] + (blue[k] - red[k]) * share;
        out[4 * i + k] = ground[k] + (hue - ground[k]) * strength;
      }
      out[4 * i + 3] = 255;
    }
    const small = make("canvas", { width: cols, height: rows });
    small.getContext("2d").putImageData(image, 0, 0);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(small, 0, 0, cols * this.cell, rows * this.cell);
  }

  draw() {
    if (!this.rows || !this.colours || this.frame < 0) return;
    if (!this.background) this.drawBackground();
    const ctx = this.canvas.getContext("2d");
    if (this.drawing) { this.drawMask(ctx); return; }
    const { cell, cols, xy, target } = this;
    const heat = this.get("heat") !== "off";
    if (heat) this.lightReady(this.frame);
    const light = heat ? this.light.get(this.frame) : null;
    ctx.drawImage(this.background, 0, 0);
    if (light) this.drawLight(ctx, light);
    const base = this.frame * this.agents * 2;
    const inset = light && cell >= 4 ? Math.max(1, Math.round(cell / 5)) : 0;
    const halo = inset && cell >= 6 ? 1 : 0; // sets agents off from the map
    const side = cell - (cell >= 5 && !inset ? 1 : 0) - 2 * inset;
    for (const within of [1, 0]) {
      for (let ring = halo; ring >= 0; ring--) {
        ctx.fillStyle = ring ? this.colours.ground
          : within ? this.colours.inside : this.colours.outside;
        const at = inset - ring, length = side + 2 * ring;
        for (let i = 0; i < this.agents; i++) {
          const r = xy[base + 2 * i], c = xy[base + 2 * i + 1];
          if (r < 0 || target[r * cols + c] !== within) continue;
          ctx.fillRect(c * cell + at, r * cell + at, length, length);
        }
      }
    }
    if (light) {
      ctx.strokeStyle = this.colours.edge;
      ctx.lineWidth = Math.max(1, Math.round(cell / 5));
      ctx.stroke(this.outline);
    }
    const chosen = this.get("selected");
    for (const agent of new Set([this.hover, chosen])) {
      if (agent >= 0 && agent < this.agents) this.drawPath(ctx, agent);
    }
    if (this.cursor) this.frameCell(ctx, this.cursor, [3, 3]);
    if (light) this.drawLegend(light.range);
    this.el.dataset.frame = String(this.frame);
    this.el.dataset.selected = String(chosen);
    this.el.dataset.light = light ? this.get("heat") : "off";
  }

  drawMask(ctx) {
    const { cell, rows, cols } = this;
    const gap = cell >= 5 ? 1 : 0;
    ctx.fillStyle = this.colours.ground;
    ctx.fillRect(0, 0, cols * cell, rows * cell);
    for (let i = 0; i < this.mask.length; i++) {
      if (!this.mask[i]) continue;
      ctx.fillStyle = this.colours.inside;
      const r = Math.floor(i / cols);
      ctx.fillRect((i % cols) * cell, r * cell, cell - gap, cell - gap);
    }
    if (this.cursor) this.frameCell(ctx, this.cursor, [3, 3]);
  }

  drawPath(ctx, agent) {
    const at = (frame) => {
      const k = (frame * this.agents + agent) * 2;
      return this.xy[k] < 0 ? null : [this.xy[k], this.xy[k + 1]];
    };
    const line = (from, to) => {
      ctx.beginPath();
      for (let f = from; f <= to; f++) {
        const p = at(f);
        if (p) ctx.lineTo((p[1] + 0.5) * this.cell, (p[0] + 0.5) * this.cell);
      }
      ctx.stroke();
    };
    ctx.save();
    ctx.lineJoin = ctx.lineCap = "round";
    const width = Math.max(1.5, this.cell / 4);
    for (const [colour, extra] of [["halo", 1.2], ["ink", 0]]) {
      ctx.strokeStyle = this.colours[colour];
      ctx.lineWidth = width + extra * width;
      ctx.setLineDash([]);
      line(0, this.frame);
      if (colour === "ink") ctx.setLineDash([width, 2 * width]);
      line(this.frame, this.steps);
    }
    ctx.restore();
    const now = at(this.frame);
    if (now) this.frameCell(ctx, now, []);
  }

  frameCell(ctx, [r, c], dash) {
    const { cell } = this;
    const out = Math.max(1, cell / 6);
    ctx.save();
    for (const [colour, width] of [["halo", 4 * out], ["ink", 2 * out]]) {
      ctx.strokeStyle = this.colours[colour];
      ctx.lineWidth = width;
      if (colour === "ink") ctx.setLineDash(dash.map((d) => d * out));
      ctx.strokeRect(c * cell - out, r * cell - out, cell + 2 * out, cell + 2 * out);
    }
    ctx.restore();
  }

  // ------------------------------------------------------------------------ text

  drawLegend(range) {
    const key = JSON.stringify([this.get("heat"), range, this.dark]);
    if (key === this.legendKey) return;
    this.legendKey = key;
    const swatch = (name, text) => make("span", { class: "rp-key" },
      make("i", { class: `rp-swatch rp-${name}` }), text);
    const items = [swatch("target", "empty target cell"),
      swatch("inside", "agent inside"), swatch("outside", "agent outside")];
    for (const [i, name] of ["blue", "red"].entries()) {
      const heat = this.get("heat");
      if (heat !== name && heat !== "both") continue;
      const ends = (range?.[i] ?? ["", ""]).map((v) => v === "" ? v
        : Number(v.toPrecision(2)).toLocaleString("en"));
      items.push(make("span", { class: "rp-key" }, name === "blue"
        ? "blue light, from empty cells " : "red light, from agents outside ",
        String(ends[0]), make("i", { class: `rp-ramp rp-ramp-${name}` }),
        `${ends[1]} (log)`));
    }
    this.legend.replaceChildren(...items);
  }

  showStatus() {
    if (this.drawing) {
      const n = this.mask.reduce((sum, v) => sum + v, 0);
      this.status.textContent = `drawing · ${n} cells`;
      return;
    }
    const t = this.frame;
    const parts = [`step ${t} of ${this.steps}`,
      `${this.empty[t]} of ${this.size} cells empty`];
    if (t > 0) parts.push(`${this.moves[t - 1]} moved`);
    const phase = this.phases[t];
    if (t === this.steps && this.get("completed")) parts.push("complete");
    else if (phase === "repair") parts.push("geodesic repair");
    else if (phase) parts.push(`${phase} phase`);
    this.status.textContent = parts.join(" · ");
    this.canvas.setAttribute("aria-label",
      `Grid of ${this.rows} by ${this.cols} cells, ${this.agents} agents: ` +
      `${this.status.textContent}. Arrow keys move a cursor, Enter selects an agent.`);
  }

  showPlaying() {
    const on = this.playing;
    setIcon(this.playButton, on ? "pause" : "play");
    this.playButton.setAttribute("aria-label", on ? "Pause" : "Play");
    this.playButton.title = on ? "Pause" : "Play";
    // Thirty announcements a second would drown a screen reader.
    this.status.setAttribute("aria-live", on ? "off" : "polite");
    this.el.dataset.playing = String(on);
  }

  showBusy() {
    const busy = this.get("busy") || Boolean(this.waiting);
    this.veil.hidden = !busy;
    this.el.dataset.busy = String(busy);
  }

  showError() {
    const text = this.get("error");
    this.error.hidden = !text;
    this.error.textContent = text;
  }

  showInspector(data) {
    if (!data) {
      this.inspector.replaceChildren(make("h4", {}, "Agent"), make("p",
        { class: "rp-hint" }, "Point at an agent to see its way, click it to see its",
        " priority list."));
      return;
    }
    const table = make("table", { class: "rp-list" }, make("thead", {}, make("tr", {},
      ...["#", "", "cell", "B", "R", ""].map((t) => make("th", { scope: "col" }, t)))));
    const body = make("tbody");
    const number = (v) => Number(v).toLocaleString("en", { maximumFractionDigits:
      v >= 1000 ? 0 : 1 });
    for (const row of data.rows) {
      const arrow = ARROWS[`${row.row - data.row},${row.col - data.col}`];
      body.append(make("tr", { class: row.chosen ? "rp-chosen" : row.rank ? ""
        : "rp-less" },
        make("td", {}, row.rank ? String(row.rank) : "–"), make("td", {}, arrow),
        make("td", {}, `${row.row}, ${row.col}`), make("td", {}, number(row.blue)),
        make("td", {}, number(row.red)), make("td", {}, row.note)));
    }
    table.append(body);
    this.inspector.replaceChildren(make("h4", {}, `Agent ${data.agent}`),
      make("p", {}, data.summary), ...(data.rows.length ? [table] : []),
      make("p", { class: "rp-outcome" }, data.outcome));
  }
}

export default {
  render({ model, el }) {
    const view = new View(model, el);
    return () => view.destroy();
  },
};
