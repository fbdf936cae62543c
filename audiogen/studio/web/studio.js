/* What runs in the browser beside gradio: the view of a sound with its notes, the drawing canvas, pictures,
   comparing two takes, dropped files. Nothing is fetched from anywhere but this server. */
"use strict";
(() => {
const W = window.AUDIOGEN_WORDS || {};
const say = (key, fallback) => W[key] || fallback || key;
const el = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((c) => c != null));
  return made;
};
const place = (job, name) => `/api/files/${job}/${name}`;
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const colour = (name) => getComputedStyle(document.querySelector(".gradio-container") || document.body).getPropertyValue(name).trim();

/* A command to the page: python hears the hidden element whose script has set audiogenSay. */
let counted = 0;
function tell(command) {
  window.audiogenSay?.(JSON.stringify({ ...command, number: ++counted, at: Date.now() }));
}
window.audiogenTell = tell;

async function send(file) {
  const answer = await fetch(`/api/uploads?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
  const row = await answer.json();
  if (!answer.ok) throw new Error(row.error);
  return row;
}

function notice(words) {
  document.querySelector(".ag-notice")?.remove();
  const box = el("div", { class: "ag-notice", role: "alert" }, words, el("button", { "aria-label": say("close", "Close"), onclick: () => box.remove() }, "×"));
  document.body.append(box);
  setTimeout(() => box.remove(), 12000);
}

/* An element whose content is its own: gradio, which patches the page, may clear it or change its data. */
class Own extends HTMLElement {
  static observedAttributes = ["data", "below"];
  connectedCallback() {
    if (!this.ready) { this.ready = true; this.build(); }
    this.guard = new MutationObserver(() => { if (!this.childElementCount && this.isConnected) this.build(); });
    this.guard.observe(this, { childList: true });
  }
  attributeChangedCallback(name, before, now) { if (this.ready && before !== now) setTimeout(() => this.build()); }
  disconnectedCallback() { this.guard?.disconnect(); this.leave?.(); }
}

/* ---- one sound: waveform, spectrogram, notes ---- */
const LOW = 21, HIGH = 108, WAVE = 56, PEDAL = 14;
class Sound extends Own {
  build() {
    this.leave();
    this.job = JSON.parse(this.getAttribute("data"));
    this.innerHTML = "";
    if (!this.job.takes.length) return;
    this.tabs = el("div", { class: "ag-takes", role: "tablist", "aria-label": say("takes", "Takes") });
    this.body = el("div", { class: "ag-body" });
    this.append(this.tabs, this.body);
    const best = this.job.ranking.findIndex((r) => r.place === 1);
    this.choose(Math.max(0, best));
  }
  leave() { this.audio?.pause(); cancelAnimationFrame(this.frame); this.watcher?.disconnect(); }
  choose(k) {
    this.audio?.pause();
    this.chosen = k;
    const { takes, ranking } = this.job;
    this.tabs.replaceChildren(...(takes.length < 2 ? [] : takes.map((take, n) => el("button", {
      role: "tab", "aria-selected": String(n === k), title: ranking[n]?.why || take.label, onclick: () => this.choose(n),
    }, `${say("take", "Take")} ${n + 1}`, ranking[n] ? el("small", {}, ` ${ranking[n].place === 1 ? "★" : "#" + ranking[n].place} ${ranking[n].total}`) : null))));
    this.show(takes[k], ranking[k]);
  }
  show(take, rank) {
    this.take = take;
    this.notes = (take.notes || []).map(([pitch, on, off, velocity]) => ({ pitch, on, off, velocity }));
    this.pedal = (take.pedal || []).map((p) => [...p]);
    this.selected = new Set(); this.past = []; this.changed = false; this.region = null; this.tool = "move"; this.hover = null;
    const edits = !!take.notes;
    this.audio = el("audio", { src: place(this.job.id, take.file), preload: "auto" });
    this.audio.loop = !!take.loop;
    this.audio.addEventListener("play", () => { this.playButton.textContent = "❚❚"; this.tick(); });
    this.audio.addEventListener("pause", () => { this.playButton.textContent = "▶"; this.draw(); });
    this.audio.addEventListener("ended", () => { this.playButton.textContent = "▶"; });
    this.canvas = el("canvas", { class: "ag-roll", tabindex: "0", role: "application", "aria-label": say(edits ? "rollHelp" : "viewHelp") });
    this.playButton = el("button", { class: "ag-play", "aria-label": say("play", "Play"), onclick: () => this.toggle() }, "▶");
    this.clock = el("span", { class: "ag-clock" });
    const tool = (name, sign) => el("button", { class: "ag-tool", "data-tool": name, title: say(name), "aria-label": say(name), "aria-pressed": String(name === this.tool), onclick: () => this.use(name) }, sign);
    this.velocity = el("input", { type: "range", min: 1, max: 127, value: 70, "aria-label": say("velocity", "Velocity"), oninput: () => this.louder(+this.velocity.value) });
    this.again = el("button", { class: "ag-primary", disabled: true, onclick: () => this.decode() }, say("decode", "Play the changed notes"));
    this.from = el("input", { type: "number", min: 0, step: 0.1, "aria-label": say("from", "From, s"), oninput: () => this.typed() });
    this.to = el("input", { type: "number", min: 0, step: 0.1, "aria-label": say("to", "To, s"), oninput: () => this.typed() });
    this.anew = el("button", { disabled: true, onclick: () => this.edit("inpaint") }, say("inpaint", "Make this part anew"));
    const file = place(this.job.id, take.file);
    const link = (name, words) => name ? el("a", { href: place(this.job.id, name), download: `${take.label.replace(/\W+/g, "-")}-${name}` }, words) : null;
    this.body.replaceChildren(...[
      el("div", { class: "ag-bar" }, this.playButton, this.clock,
        edits ? el("span", { class: "ag-group" }, tool("move", "✥"), tool("add", "✎"), tool("erase", "⌫"), tool("pedal", "⎵")) : null,
        edits ? el("label", { class: "ag-velocity" }, say("velocity", "Velocity"), this.velocity) : null,
        edits ? el("button", { title: say("undo", "Undo"), "aria-label": say("undo", "Undo"), onclick: () => this.undo() }, "↶") : null,
        edits ? this.again : null),
      this.canvas,
      rank ? el("p", { class: "ag-why" }, `${rank.place === 1 ? "★ " : ""}${rank.why}`) : null,
      el("div", { class: "ag-bar" }, el("label", {}, say("from", "From"), this.from), el("label", {}, say("to", "To"), this.to), this.anew,
        el("button", { onclick: () => this.edit("continue") }, say("continue", "Let it go on")),
        el("button", { onclick: () => this.edit("extend") }, say("extend", "Make it longer"))),
      el("div", { class: "ag-bar ag-links" }, link(take.file, say("sound", "Sound")), link(take.midi, "MIDI"), link(`take-${take.n}.json`, say("recipe", "Recipe")),
        el("button", { onclick: () => tell({ do: "under", file: `${this.job.id}/${take.file}`, label: take.label }) }, say("mixWith", "Mix …")),
        el("button", { onclick: () => tell({ do: "compare", file, label: `${take.prompt || take.kind}, ${take.label}` }) }, say("compare", "Compare"))),
      this.audio].filter((c) => c != null));
    this.picture = new Image();
    this.picture.onload = () => this.draw();
    this.picture.src = place(this.job.id, take.view);
    this.canvas.addEventListener("pointerdown", (e) => this.down(e));
    this.canvas.addEventListener("pointermove", (e) => this.move(e));
    this.canvas.addEventListener("pointerup", (e) => this.up(e));
    this.canvas.addEventListener("keydown", (e) => this.key(e));
    this.watcher?.disconnect();
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.canvas);
    this.draw();
  }
  /* where things lie */
  get range() {
    if (!this.notes.length) return [LOW, HIGH];
    const pitches = this.notes.map((n) => n.pitch);
    return [Math.max(LOW, Math.min(...pitches) - 5), Math.min(HIGH, Math.max(...pitches) + 5)];
  }
  x(s) { return (s / this.take.seconds) * this.width; }
  s(x) { return clamp((x / this.width) * this.take.seconds, 0, this.take.seconds); }
  y(pitch) { const [low, high] = this.shown; return WAVE + ((high - pitch) / (high - low + 1)) * this.rollHeight; }
  pitchAt(y) { const [low, high] = this.shown; return clamp(Math.round(high - ((y - WAVE) / this.rollHeight) * (high - low + 1) + 0.5 - 0.5 - 0.4999), low, high); }
  get rowHeight() { const [low, high] = this.shown; return this.rollHeight / (high - low + 1); }
  draw() {
    const box = this.canvas.getBoundingClientRect();
    if (!box.width) return;
    const scale = window.devicePixelRatio || 1;
    this.width = box.width; this.height = box.height;
    if (this.canvas.width !== Math.round(box.width * scale)) { this.canvas.width = Math.round(box.width * scale); this.canvas.height = Math.round(box.height * scale); }
    if (!this.dragging || !this.shown) this.shown = this.range;
    this.rollHeight = this.height - WAVE - (this.take.notes ? PEDAL : 0);
    const c = this.canvas.getContext("2d");
    c.setTransform(scale, 0, 0, scale, 0, 0);
    c.clearRect(0, 0, this.width, this.height);
    const ink = colour("--body-text-color"), line = colour("--border-color-primary"), accent = colour("--ag-accent");
    const [low, high] = this.shown;
    if (this.picture.complete && this.picture.naturalWidth) {
      const rows = this.picture.naturalHeight, per = rows / (HIGH - LOW + 1);
      c.globalAlpha = this.take.notes ? 0.5 : 1;
      c.imageSmoothingEnabled = true;
      c.drawImage(this.picture, 0, (HIGH - high) * per, this.picture.naturalWidth, (high - low + 1) * per, 0, WAVE, this.width, this.rollHeight);
      c.globalAlpha = 1;
    }
    c.strokeStyle = line; c.lineWidth = 1; c.fillStyle = ink; c.font = "10px system-ui, sans-serif";
    for (let pitch = Math.ceil(low / 12) * 12; pitch <= high; pitch += 12) {
      const y = Math.round(this.y(pitch) + this.rowHeight) + 0.5;
      c.globalAlpha = 0.6; c.beginPath(); c.moveTo(0, y); c.lineTo(this.width, y); c.stroke();
      c.globalAlpha = 0.7; c.fillText(`C${pitch / 12 - 1}`, 2, y - 2);
    }
    c.globalAlpha = 1;
    const peaks = this.take.peaks, middle = WAVE / 2;
    c.fillStyle = accent;
    for (let px = 0; px < this.width; px++) {
      const tall = Math.max(1, (peaks[Math.floor((px / this.width) * peaks.length)] / 100) * (WAVE - 12));
      c.globalAlpha = this.region && (this.s(px) < this.region[0] || this.s(px) > this.region[1]) ? 0.3 : 0.85;
      c.fillRect(px, middle - tall / 2, 1, tall);
    }
    c.globalAlpha = 1; c.fillStyle = ink;
    const step = [0.5, 1, 2, 5, 10, 20, 30, 60].find((s) => this.x(s) > 50) || 60;
    for (let s = step; s < this.take.seconds; s += step) { c.globalAlpha = 0.55; c.fillText(`${s}`, this.x(s) + 2, 9); c.fillRect(this.x(s), 0, 1, 5); }
    c.globalAlpha = 1;
    for (const note of this.notes) {
      const x = this.x(note.on), wide = Math.max(3, this.x(note.off) - x), y = this.y(note.pitch), tall = Math.max(4, this.rowHeight - 0.5);
      c.globalAlpha = 0.5 + 0.5 * (note.velocity / 127);
      c.fillStyle = this.selected.has(note) ? colour("--ag-mark") : accent;
      c.beginPath(); c.roundRect(x, y, wide, tall, 2); c.fill();
      c.globalAlpha = 0.9; c.strokeStyle = this.selected.has(note) ? ink : "rgba(0,0,0,.25)"; c.stroke();
    }
    c.globalAlpha = 1;
    if (this.take.notes) {
      c.fillStyle = ink; c.globalAlpha = 0.35;
      for (const [a, b] of this.pedalled()) c.fillRect(this.x(a), this.height - PEDAL + 3, Math.max(2, this.x(b) - this.x(a)), PEDAL - 6);
      c.globalAlpha = 1;
    }
    if (this.region) { c.fillStyle = colour("--ag-mark"); c.globalAlpha = 0.16; c.fillRect(this.x(this.region[0]), 0, this.x(this.region[1]) - this.x(this.region[0]), this.height); c.globalAlpha = 1; }
    if (this.caret) { c.strokeStyle = ink; c.setLineDash([3, 3]); c.strokeRect(this.x(this.caret.s), this.y(this.caret.pitch), 12, this.rowHeight); c.setLineDash([]); }
    c.fillStyle = colour("--ag-mark"); c.fillRect(this.x(this.audio.currentTime) - 1, 0, 2, this.height);
    this.clock.textContent = `${this.audio.currentTime.toFixed(1)} / ${this.take.seconds.toFixed(1)} s`;
  }
  tick() { this.draw(); if (!this.audio.paused) this.frame = requestAnimationFrame(() => this.tick()); }
  toggle() { this.audio.paused ? this.audio.play() : this.audio.pause(); }
  pedalled() {
    const spans = []; let down = null;
    for (const [t, state] of this.pedal) { if (state && down === null) down = t; if (!state && down !== null) { spans.push([down, t]); down = null; } }
    if (down !== null) spans.push([down, this.take.seconds]);
    return spans;
  }
  setPedal(spans) {
    spans = spans.filter(([a, b]) => b - a > 0.03).sort((p, q) => p[0] - q[0]);
    const joined = [];
    for (const span of spans) { const last = joined[joined.length - 1]; if (last && span[0] <= last[1]) last[1] = Math.max(last[1], span[1]); else joined.push([...span]); }
    this.pedal = joined.flatMap(([a, b]) => [[a, 1], [b, 0]]);
  }
  use(tool) { this.tool = tool; for (const b of this.querySelectorAll(".ag-tool")) b.setAttribute("aria-pressed", String(b.dataset.tool === tool)); }
  remember() { this.past.push(JSON.stringify([this.notes, this.pedal])); if (this.past.length > 100) this.past.shift(); }
  undo() { if (!this.past.length) return; const [notes, pedal] = JSON.parse(this.past.pop()); this.notes = notes; this.pedal = pedal; this.selected.clear(); this.touch(); }
  touch() { this.changed = true; this.again.disabled = !this.notes.length; this.draw(); }
  at(x, y) { return [...this.notes].reverse().find((n) => x >= this.x(n.on) - 2 && x <= Math.max(this.x(n.off), this.x(n.on) + 6) + 2 && y >= this.y(n.pitch) && y <= this.y(n.pitch) + this.rowHeight); }
  spot(event) { const box = this.canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; }
  down(event) {
    const [x, y] = this.spot(event);
    this.canvas.setPointerCapture(event.pointerId); this.canvas.focus({ preventScroll: true });
    this.caret = null;
    if (y < WAVE || !this.take.notes) { this.dragging = { kind: "region", s: this.s(x), x }; return; }
    if (y > this.height - PEDAL || this.tool === "pedal") { this.remember(); this.dragging = { kind: "pedal", s: this.s(x), before: this.pedalled() }; return; }
    const note = this.at(x, y);
    if (this.tool === "erase") { if (note) { this.remember(); this.notes = this.notes.filter((n) => n !== note); this.touch(); } return; }
    if (!note && this.tool === "add") {
      this.remember();
      const made = { pitch: this.pitchAt(y), on: this.s(x), off: Math.min(this.take.seconds, this.s(x) + 0.4), velocity: +this.velocity.value };
      this.notes.push(made); this.selected = new Set([made]);
      this.dragging = { kind: "length", note: made }; this.touch(); return;
    }
    if (note) {
      if (!this.selected.has(note)) { if (!event.shiftKey) this.selected.clear(); this.selected.add(note); }
      this.velocity.value = note.velocity;
      this.remember();
      const end = x > this.x(note.off) - 5 && this.x(note.off) - this.x(note.on) > 12;
      this.dragging = end ? { kind: "length", note } : { kind: "notes", x, y, from: [...this.selected].map((n) => ({ n, on: n.on, off: n.off, pitch: n.pitch })) };
    } else { this.selected.clear(); this.dragging = { kind: "seek", s: this.s(x) }; this.audio.currentTime = this.s(x); }
    this.draw();
  }
  move(event) {
    const [x, y] = this.spot(event), d = this.dragging;
    if (!d) { this.canvas.style.cursor = y < WAVE ? "text" : this.take.notes && this.at(x, y) ? "grab" : this.tool === "add" ? "crosshair" : "default"; return; }
    if (d.kind === "region" && Math.abs(x - d.x) > 4) { this.region = [Math.min(d.s, this.s(x)), Math.max(d.s, this.s(x))]; this.fields(); }
    if (d.kind === "length") { d.note.off = clamp(this.s(x), d.note.on + 0.04, this.take.seconds); d.moved = true; this.touch(); }
    if (d.kind === "pedal") this.setPedal([...d.before.map((p) => [...p]), [Math.min(d.s, this.s(x)), Math.max(d.s, this.s(x))]]), this.touch();
    if (d.kind === "notes") {
      const seconds = this.s(x) - this.s(d.x), keys = Math.round((d.y - y) / this.rowHeight);
      d.moved ||= Math.abs(x - d.x) > 2 || keys !== 0;
      if (d.moved) { for (const { n, on, off, pitch } of d.from) { n.on = clamp(on + seconds, 0, this.take.seconds - 0.05); n.off = Math.min(this.take.seconds, n.on + off - on); n.pitch = clamp(pitch + keys, LOW, HIGH); } this.touch(); }
    }
    this.draw();
  }
  up(event) {
    const d = this.dragging; this.dragging = null;
    if (!d) return;
    const [x] = this.spot(event);
    if (d.kind === "region" && Math.abs(x - d.x) <= 4) { this.region = null; this.fields(); this.audio.currentTime = this.s(x); }
    if (d.kind === "pedal" && Math.abs(this.x(d.s) - x) <= 3) { this.setPedal(d.before.filter(([a, b]) => d.s < a || d.s > b)); this.touch(); }
    if (d.kind === "notes" && !d.moved) this.past.pop();
    this.draw();
  }
  louder(velocity) { if (!this.selected.size) return; this.remember(); for (const n of this.selected) n.velocity = velocity; this.touch(); }
  key(event) {
    const chosen = [...this.selected], step = event.shiftKey ? 0.5 : 0.05;
    const act = {
      " ": () => this.toggle(), Escape: () => { this.selected.clear(); this.region = null; this.fields(); },
      Delete: () => this.change(() => { this.notes = this.notes.filter((n) => !this.selected.has(n)); this.selected.clear(); }, chosen.length),
      ArrowUp: () => this.change(() => chosen.forEach((n) => n.pitch = Math.min(HIGH, n.pitch + (event.shiftKey ? 12 : 1))), chosen.length),
      ArrowDown: () => this.change(() => chosen.forEach((n) => n.pitch = Math.max(LOW, n.pitch - (event.shiftKey ? 12 : 1))), chosen.length),
      ArrowLeft: () => chosen.length ? this.change(() => chosen.forEach((n) => { const d = Math.min(n.on, step); n.on -= d; n.off -= d; }), 1) : this.seek(-step * 10),
      ArrowRight: () => chosen.length ? this.change(() => chosen.forEach((n) => { n.on += step; n.off += step; }), 1) : this.seek(step * 10),
      "+": () => this.change(() => chosen.forEach((n) => n.velocity = Math.min(127, n.velocity + 8)), chosen.length),
      "-": () => this.change(() => chosen.forEach((n) => n.velocity = Math.max(1, n.velocity - 8)), chosen.length),
      n: () => this.next(1), p: () => this.next(-1),
      a: () => this.change(() => { const s = this.audio.currentTime, n = { pitch: chosen[0]?.pitch ?? 60, on: s, off: Math.min(this.take.seconds, s + 0.4), velocity: +this.velocity.value }; this.notes.push(n); this.selected = new Set([n]); }, this.take.notes),
      "[": () => { this.region = [this.audio.currentTime, this.region ? Math.max(this.region[1], this.audio.currentTime) : this.take.seconds]; this.fields(); },
      "]": () => { this.region = [this.region ? Math.min(this.region[0], this.audio.currentTime) : 0, this.audio.currentTime]; this.fields(); },
    };
    act.Backspace = act.Delete; act["="] = act["+"];
    if ((event.ctrlKey || event.metaKey) && event.key === "z") { event.preventDefault(); this.undo(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || !act[event.key]) return;
    event.preventDefault(); act[event.key](); this.draw();
  }
  change(how, may) { if (!may) return; this.remember(); how(); this.touch(); }
  seek(by) { this.audio.currentTime = clamp(this.audio.currentTime + by, 0, this.take.seconds); }
  next(by) {
    const sorted = [...this.notes].sort((a, b) => a.on - b.on || a.pitch - b.pitch);
    if (!sorted.length) return;
    const k = sorted.indexOf([...this.selected][0]);
    const note = sorted[(k + by + sorted.length) % sorted.length];
    this.selected = new Set([note]); this.velocity.value = note.velocity;
  }
  fields() { this.from.value = this.region ? this.region[0].toFixed(2) : ""; this.to.value = this.region ? this.region[1].toFixed(2) : ""; this.anew.disabled = !this.region; }
  typed() { const a = +this.from.value, b = +this.to.value; this.region = b > a && a >= 0 ? [a, Math.min(b, this.take.seconds)] : null; this.anew.disabled = !this.region; this.draw(); }
  decode() {
    const rows = this.notes.map((n) => [n.pitch, +n.on.toFixed(4), +Math.max(n.off, n.on + 0.03).toFixed(4), Math.round(n.velocity)]);
    tell({ do: "decode", notes: rows, pedal: this.pedal.map(([t, d]) => [+t.toFixed(4), d]), length_s: this.take.seconds, seed: this.take.seed, loop: !!this.take.loop });
  }
  edit(verb) {
    const [start_s, stop_s] = this.region || [0, 0];
    tell({ do: verb, file: `${this.job.id}/${this.take.file}`, start_s, stop_s, length_s: this.take.seconds });
  }
}
customElements.define("ag-sound", Sound);

/* ---- pictures: a contact sheet, one large, its steps ---- */
class Pictures extends Own {
  build() {
    this.job = JSON.parse(this.getAttribute("data"));
    this.innerHTML = "";
    const takes = this.job.takes;
    if (!takes.length) return;
    if (this.job.album) {
      const album = place(this.job.id, this.job.album);
      this.append(el("a", { href: album, download: "story.png", class: "ag-album" }, el("img", { src: album, alt: takes.map((t) => t.prompt).join("; ") })));
    }
    this.large = el("div", { class: "ag-large" });
    const sheet = el("div", { class: "ag-sheet" }, ...takes.map((take, k) => el("button", { "aria-label": take.label, title: take.label, onclick: () => this.choose(k) }, el("img", { src: place(this.job.id, take.file), alt: take.prompt }))));
    this.append(this.large, ...(takes.length > 1 ? [sheet] : []));
    this.choose(0);
  }
  choose(k) {
    const take = this.job.takes[k], file = `${this.job.id}/${take.file}`;
    const link = (name, words) => name ? el("a", { href: place(this.job.id, name), download: `${take.label.replace(/\W+/g, "-")}-${name}` }, words) : null;
    [...this.querySelectorAll(".ag-sheet button")].forEach((b, n) => b.setAttribute("aria-pressed", String(n === k)));
    this.large.replaceChildren(...[
      el("img", { src: place(this.job.id, take.file), alt: take.prompt, class: "ag-picture" }),
      take.steps ? el("div", { class: "ag-strip" }, el("img", { src: place(this.job.id, take.steps), alt: say("steps", "Steps") })) : null,
      el("div", { class: "ag-bar ag-links" }, link(take.file, "PNG"), link(take.contour, say("contour", "Contour")), link(`take-${take.n}.json`, say("recipe", "Recipe")),
        el("button", { onclick: () => tell({ do: "change", file }) }, say("changeThis", "Change this picture")),
        take.contour ? el("button", { onclick: () => document.querySelector("ag-draw[kind=contour]")?.load(place(this.job.id, take.contour)) }, say("editContour", "Edit its contour")) : null),
    ].filter((c) => c != null));
  }
}
customElements.define("ag-pictures", Pictures);

/* ---- a canvas to draw on: a contour, or where a picture may change ---- */
class Draw extends Own {
  build() {
    this.kind = this.getAttribute("kind"); this.below = this.getAttribute("below") || "";
    this.size = 512; this.brush = this.kind === "mask" ? 60 : 24; this.rubber = false; this.past = []; this.spot = { x: 256, y: 256 };
    this.canvas = el("canvas", { width: this.size, height: this.size, tabindex: "0", role: "application", "aria-label": say(this.kind === "mask" ? "maskHelp" : "drawHelp") });
    this.c = this.canvas.getContext("2d", { willReadFrequently: true });
    this.back = el("div", { class: "ag-back" }, this.below ? el("img", { src: `/api/files/${this.below}`, alt: "" }) : null, this.canvas);
    const rubber = el("button", { "aria-pressed": "false", title: say("erase", "Erase"), "aria-label": say("erase", "Erase"), onclick: () => { this.rubber = !this.rubber; rubber.setAttribute("aria-pressed", String(this.rubber)); } }, "⌫");
    this.replaceChildren(this.back, el("div", { class: "ag-bar" },
      el("label", {}, say("brush", "Brush"), el("input", { type: "range", min: 6, max: 120, value: this.brush, oninput: (e) => { this.brush = +e.target.value; } })),
      rubber, el("button", { title: say("undo", "Undo"), "aria-label": say("undo", "Undo"), onclick: () => this.undo() }, "↶"),
      el("button", { onclick: () => { this.keep(); this.c.clearRect(0, 0, this.size, this.size); this.give(); } }, say("clear", "Clear"))));
    this.canvas.addEventListener("pointerdown", (e) => { this.canvas.setPointerCapture(e.pointerId); this.keep(); this.last = this.place(e); this.line(this.last, this.last); });
    this.canvas.addEventListener("pointermove", (e) => { if (!this.last) return; const to = this.place(e); this.line(this.last, to); this.last = to; });
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => { if (this.last) { this.last = null; this.give(); } });
    this.canvas.addEventListener("keydown", (e) => this.key(e));
  }
  place(e) { const box = this.canvas.getBoundingClientRect(); return { x: ((e.clientX - box.left) / box.width) * this.size, y: ((e.clientY - box.top) / box.height) * this.size }; }
  line(a, b) {
    this.c.globalCompositeOperation = this.rubber ? "destination-out" : "source-over";
    this.c.strokeStyle = "#fff"; this.c.lineCap = this.c.lineJoin = "round"; this.c.lineWidth = this.brush;
    this.c.beginPath(); this.c.moveTo(a.x, a.y); this.c.lineTo(b.x + 0.01, b.y); this.c.stroke();
  }
  keep() { this.past.push(this.c.getImageData(0, 0, this.size, this.size)); if (this.past.length > 30) this.past.shift(); }
  undo() { const before = this.past.pop(); if (before) { this.c.putImageData(before, 0, 0); this.give(); } }
  key(e) {
    const by = { ArrowLeft: [-12, 0], ArrowRight: [12, 0], ArrowUp: [0, -12], ArrowDown: [0, 12] }[e.key];
    if (e.key === " ") { e.preventDefault(); this.pen = !this.pen; if (this.pen) { this.keep(); this.line(this.spot, this.spot); } else this.give(); }
    if ((e.ctrlKey || e.metaKey) && e.key === "z") { e.preventDefault(); this.undo(); }
    if (!by) return;
    e.preventDefault();
    const to = { x: clamp(this.spot.x + by[0], 0, this.size), y: clamp(this.spot.y + by[1], 0, this.size) };
    if (this.pen) this.line(this.spot, to);
    this.spot = to;
  }
  load(url) {
    const image = new Image();
    image.onload = () => {
      this.keep(); this.c.globalCompositeOperation = "source-over"; this.c.imageSmoothingEnabled = true;
      this.c.drawImage(image, 0, 0, this.size, this.size);
      const data = this.c.getImageData(0, 0, this.size, this.size);
      for (let i = 0; i < data.data.length; i += 4) { data.data[i + 3] = data.data[i]; data.data[i] = data.data[i + 1] = data.data[i + 2] = 255; }
      this.c.putImageData(data, 0, 0); this.give();
    };
    image.src = url;
  }
  /* the drawing goes to the desk, its name to the page */
  give() {
    const empty = !this.c.getImageData(0, 0, this.size, this.size).data.some((v, i) => i % 4 === 3 && v > 40);
    if (empty) { tell({ do: "drawn", kind: this.kind, file: "" }); return; }
    const flat = el("canvas", { width: this.size, height: this.size }), c = flat.getContext("2d");
    c.fillStyle = "#000"; c.fillRect(0, 0, this.size, this.size); c.drawImage(this.canvas, 0, 0);
    flat.toBlob(async (blob) => {
      try { const { file } = await send(new File([blob], `${this.kind}.png`)); tell({ do: "drawn", kind: this.kind, file }); } catch (problem) { notice(problem.message); }
    });
  }
}
customElements.define("ag-draw", Draw);

/* ---- two takes, switched while they play ---- */
class Compare extends Own {
  build() {
    this.leave();
    this.innerHTML = "";
    const rows = JSON.parse(this.getAttribute("data"));
    if (!rows.length) return;
    this.heard = 0;
    this.sounds = rows.map((row) => el("audio", { src: row.file, preload: "auto" }));
    this.buttons = rows.map((row, k) => el("button", { "aria-pressed": String(k === 0), title: String(k + 1), onclick: () => this.hear(k) }, el("b", {}, String.fromCharCode(65 + k)), ` ${row.label}`));
    this.playButton = el("button", { class: "ag-play", "aria-label": say("play", "Play"), onclick: () => this.toggle() }, "▶");
    this.at = el("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": say("position", "Position"), oninput: () => { const s = (this.at.value / 1000) * (this.sounds[0].duration || 0); this.sounds.forEach((a) => { a.currentTime = Math.min(s, a.duration || s); }); } });
    this.append(el("div", { class: "ag-bar" }, this.playButton, this.at), el("div", { class: "ag-compare" }, ...this.buttons), ...this.sounds);
    this.hear(0);
    this.sounds[0].addEventListener("timeupdate", () => { if (document.activeElement !== this.at) this.at.value = (1000 * this.sounds[0].currentTime) / (this.sounds[0].duration || 1); });
    this.addEventListener("keydown", (e) => { const k = +e.key - 1; if (this.sounds[k] && e.target !== this.at) this.hear(k); });
  }
  leave() { this.sounds?.forEach((a) => a.pause()); }
  hear(k) { this.heard = k; this.sounds.forEach((a, n) => { a.muted = n !== k; }); this.buttons.forEach((b, n) => b.setAttribute("aria-pressed", String(n === k))); }
  toggle() { const play = this.sounds[0].paused; const s = this.sounds[0].currentTime; this.sounds.forEach((a) => { if (play) { a.currentTime = Math.min(s, a.duration || s); a.play(); } else a.pause(); }); this.playButton.textContent = play ? "❚❚" : "▶"; }
}
customElements.define("ag-compare", Compare);

/* ---- the page ---- */
const stop = (event) => { if ([...(event.dataTransfer?.types || [])].includes("Files")) event.preventDefault(); };
addEventListener("dragover", (event) => { stop(event); document.body.classList.add("ag-dropping"); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("ag-dropping"); });
addEventListener("drop", async (event) => {
  stop(event);
  document.body.classList.remove("ag-dropping");
  for (const file of event.dataTransfer?.files || []) await take(file);
});
async function take(file) {
  try { const row = await send(file); tell({ do: "dropped", name: file.name, ...row }); } catch (problem) { notice(problem.message); }
}
window.audiogenTake = take;
window.audiogenPick = () => { const input = el("input", { type: "file", accept: ".wav,.flac,.ogg,.mp3,.mid,.midi,.kar,.npz,.png" }); input.onchange = () => input.files[0] && take(input.files[0]); input.click(); };
/* a job belongs to its tab and outlives a reload */
window.audiogenJob = { keep: (tab, id) => { if (id) sessionStorage.setItem(`audiogen-${tab}`, id); return id; }, get: (tab) => sessionStorage.getItem(`audiogen-${tab}`) || "" };
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { const shown = [...document.querySelectorAll(".ag-make")].find((b) => b.offsetParent); if (shown) { event.preventDefault(); shown.click(); } }
});
})();
