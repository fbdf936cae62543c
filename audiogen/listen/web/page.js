/* The page of every kind of test: the stimuli, the keys, and sending the answer. The state is kept by the source
   (served.js or static.js), the answer taken by a widget; a draft of the open trial stays in this tab, so that a
   reload loses nothing. */
const TEST = JSON.parse(document.getElementById("settings").textContent);
const SHAPES = { play: "M7 4.5v15l13-7.5z", pause: "M6 5h4.2v14H6zM13.8 5H18v14h-4.2z" };
const TICK_MS = 100;
const SOUND = TEST.medium === "sound";

const $ = (id) => document.getElementById(id);
const widget = WIDGETS[TEST.widget];
const source = new Source();
const player = SOUND ? new Player(() => show(), (name) => source.read(name)) : new Gallery();
let language = kept("localStorage", "language") || (navigator.language.startsWith("zh") ? "zh" : "en");
let state = null; // as the source sent it
let answer = null;
let busy = ""; // "loading", "saving" or ""
let secondsBefore = 0; // spent on this trial before a reload
let since = 0; // when the trial was shown

const text = () => TEXTS[language];
const labels = () => Object.keys(state.trial.stimuli);
const missing = () => labels().filter((label) => (player.heard[label] || 0) < state.trial.minimum_s);
const early = () => busy === "loading" || missing().length > 0;
const seconds = () => secondsBefore + (performance.now() - since) / 1000;

async function start() {
  wire();
  try {
    await begin(null);
  } catch (problem) {
    fail(problem.words || text().gone);
  }
}

async function begin(rater) {
  const first = await source.begin(rater);
  $("who").hidden = first !== null;
  if (first !== null) return enter(first);
  $("name").value = kept("localStorage", "rater") || "";
  show();
  $("name").focus();
}

/* A new state: the next trial, or the end. */
async function enter(next) {
  state = next;
  answer = widget.empty();
  fail("");
  if (!state.trial) {
    player.stop();
    show();
    $("end-title").focus();
    return;
  }
  const draft = readDraft();
  answer = draft.answer || widget.empty();
  $("comment").value = draft.comment || "";
  $("comment").maxLength = TEST.comment_length;
  secondsBefore = draft.seconds || 0;
  since = performance.now();
  busy = "loading";
  player.duration = 0;
  player.heard = {};
  deal();
  show();
  $("question").focus({ preventScroll: true });
  scrollTo(0, 0);
  try {
    await player.load(state.trial.stimuli, draft.heard, draft.switches);
    busy = "";
  } catch (problem) {
    fail(text().noFile + problem.message);
  }
  show();
}

/* Nodes of the trial. */
function deal() {
  const t = text();
  $("cards").className = `cards ${TEST.medium} ${TEST.widget}${labels().length > 2 ? " many" : ""}`;
  $("cards").replaceChildren(...labels().map((label) => node("div", { className: `card${label === "R" ? " open" : ""}` },
    SOUND ? soundOf(label) : pictureOf(label), ...[widget.card(label, t)].filter(Boolean))));
  $("answers").replaceChildren(...widget.panel(t));
  $("answers").classList.toggle("many", $("answers").childElementCount > 3);
}

function soundOf(label) {
  return press(`hear-${label}`, "side", () => player.hear(label),
    node("span", { className: "letter", id: `letter-${label}` }), node("span", { className: "note", id: `heard-${label}` }));
}

function pictureOf(label) {
  const image = node("img", { src: source.address(state.trial.stimuli[label]), alt: "" });
  const button = press(`look-${label}`, "picture", () => {
    $("large").firstElementChild.src = image.src;
    $("large").showModal();
    player.switches += 1;
  }, image);
  return node("figure", {}, button, node("figcaption", { textContent: labels().length > 1 ? label : "" }));
}

function choose(which) {
  if (busy || !state.trial) return;
  if (!missing().length) answer = which;
  show();
}

async function send() {
  player.count();
  if (busy || !state.trial || !widget.complete() || missing().length) return show();
  player.stop();
  busy = "saving";
  fail("");
  show();
  const row = {
    trial: state.trial.id, answer: widget.sent ? widget.sent() : answer, listened_s: player.heard,
    switches: player.switches, seconds: seconds(), comment: $("comment").value,
  };
  try {
    const next = await source.answer(row);
    busy = "";
    await enter(next);
  } catch (problem) {
    busy = "";
    if (!SOUND) player.playing = true;
    fail(text().notSaved + (problem.words || problem.message) + text().tryAgain);
    show();
  }
}

/* Everything that depends on the state, the player or the language. */
function show() {
  const t = text();
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.title = t.title[TEST.medium];
  for (const one of document.querySelectorAll("[data-text]")) {
    const words = t[one.dataset.text];
    put(one, words[TEST.medium] || words);
  }
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", t[one.dataset.label]);
  $("language").textContent = t.other;
  $("language").setAttribute("aria-label", t.otherLabel);
  $("download-row").hidden = !source.download || !state || !source.own.answers.length;
  $("bar").parentElement.classList.toggle("void", !state);
  if (!state) return;
  $("bar").max = state.total;
  $("bar").value = state.done;
  put($("progress"), t.progress(Math.min(state.done + 1, state.total), state.total));
  $("test").hidden = !state.trial;
  $("end").hidden = Boolean(state.trial);
  put($("end-text"), source.download ? t.endStatic : t.end);
  if (source.unsafe) fail(t.unsafe);
  if (state.trial) showTrial(t);
}

function showTrial(t) {
  const { check, prompt } = state.trial;
  put($("question"), check ? widget.instruction(t, check) : TEST.question || TEST.texts[language].question);
  $("question").classList.toggle("check", Boolean(check));
  $("prompt").hidden = !prompt;
  put($("prompt"), prompt || "");
  put($("help-text"), TEST.texts[language].help);
  $("cards").setAttribute("aria-label", t.stimuli[TEST.medium]);
  $("scale").hidden = TEST.widget !== "sliders";
  $("scale").replaceChildren(...[...t.bands].map((band) => node("span", { textContent: band })));
  $("transport").hidden = !SOUND;
  for (const label of labels()) {
    if (SOUND) put($(`letter-${label}`), name(label));
    else $(`look-${label}`).setAttribute("aria-label", t.enlarge(labels().length > 1 ? label : ""));
  }
  showKeys(t);
  showTime();
  widget.show(t);
  const ready = !early() && widget.complete();
  $("next").setAttribute("aria-disabled", String(!ready || busy !== ""));
  put($("next").firstElementChild, state.done + 1 === state.total ? t.last : t.next);
  if (busy) put($("status"), t[busy]);
  else if (early()) put($("status"), SOUND ? t.listenFirst(list(missing().map(name))) : t.lookFirst);
  else put($("status"), widget.complete() ? widget.words(t) : widget.missing(t));
}

const list = (names) => new Intl.ListFormat(document.documentElement.lang).format(names);
const name = (label) => (label === "R" ? text().reference : labels().length > 1 ? label : text().sound);

/* What moves while it plays. */
function showTime() {
  if (!SOUND) return;
  const t = text();
  for (const label of labels()) {
    const heard = player.heard[label] || 0;
    put($(`heard-${label}`), heard >= state.trial.minimum_s ? t.heard : heard > 0 ? t.partlyHeard : t.notHeard);
    $(`hear-${label}`).setAttribute("aria-pressed", String((player.active || labels()[0]) === label));
  }
  const clock = `${minutes(player.position)} / ${minutes(player.duration)}`;
  put($("clock"), clock);
  $("seek").max = player.duration || 1;
  $("seek").value = player.position;
  $("seek").setAttribute("aria-valuetext", clock.replace("/", t.of));
  $("play").setAttribute("aria-label", player.playing ? t.pause : t.play);
  $("play-shape").setAttribute("d", player.playing ? SHAPES.pause : SHAPES.play);
  $("loop").setAttribute("aria-pressed", String(player.looping));
  $("region").hidden = !player.looping;
  if (player.looping && player.duration) {
    $("region").style.left = `${(100 * player.region[0]) / player.duration}%`;
    $("region").style.right = `${100 - (100 * player.region[1]) / player.duration}%`;
  }
}

/* [[keys], words, action of the key], for the list in the page and for the keyboard; an action of null is the browser's. */
function keys(t) {
  const shown = labels();
  const open = shown.includes("R");
  const step = (by) => player.hear(shown[shown.indexOf(player.active) + by]);
  const ends = { "[": () => player.mark(0), "]": () => player.mark(1), O: () => player.loop() };
  const hear = [
    [shown, t.hear, (key) => player.hear(key)],
    [["←", "→"], t.hearNext, (key) => step(key === "←" ? -1 : 1)],
  ];
  const sound = SOUND ? [
    [["Space"], t.playPause, togglePlay], [[...(open ? [] : ["R"]), "Home"], t.restart, () => player.seek(0)],
    ...(shown.length > 1 ? hear : []), [Object.keys(ends), t.loopKeys, (key) => ends[key]()],
  ] : [];
  return [...sound, ...widget.keys(t), [["Enter"], t.next, send], [["Esc"], t.leave, null]];
}

function showKeys(t) {
  $("keys").replaceChildren(...keys(t).flatMap(([names, words]) => [
    node("dt", {}, ...names.flatMap((key, k) => [k ? " " : "", node("kbd", { textContent: key === "Space" ? t.space : key })])),
    node("dd", { textContent: words }),
  ]));
}

function put(one, words) {
  if (one.textContent !== words) one.textContent = words; // a live region speaks only of changes
}

function fail(words) {
  $("failure").hidden = !words;
  put($("failure"), words);
}

function minutes(time) {
  const whole = Math.floor(time);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function tick() {
  if (!state || !state.trial || busy) return;
  if (player.playing) {
    const before = missing().length;
    player.count();
    if (before !== missing().length) show();
    else showTime();
  }
  keepDraft();
}

function keepDraft() {
  const { heard, switches } = player;
  const draft = { trial: state.trial.id, answer, comment: $("comment").value, heard, switches };
  keep("sessionStorage", "draft", JSON.stringify({ ...draft, seconds: seconds() }));
}

function readDraft() {
  try {
    const draft = JSON.parse(kept("sessionStorage", "draft")) || {};
    return draft.trial === state.trial.id ? draft : {};
  } catch (problem) {
    return {};
  }
}

/* A browser may refuse to keep anything; then nothing is kept, and false comes back. */
function keep(store, name, value) {
  try {
    window[store].setItem(name, value);
    return true;
  } catch (problem) {
    return false;
  }
}

function kept(store, name) {
  try {
    return window[store].getItem(name);
  } catch (problem) {
    return null;
  }
}

function togglePlay() {
  if (player.playing) player.stop();
  else player.play();
  show();
}

const NAMES = {
  " ": "Space", arrowleft: "←", arrowright: "→", home: "Home", enter: "Enter",
  arrowup: "↑", arrowdown: "↓", pageup: "PgUp", pagedown: "PgDn",
};
const HELD = ["↑", "↓", "PgUp", "PgDn"]; // go on while they are held

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || $("large").open) return;
  const at = event.target;
  if (at.matches("textarea, input[type=text]")) {
    if (event.key === "Escape") at.blur();
    return;
  }
  let key = event.key.toLowerCase();
  if (key === "process" || /^(Digit|Numpad)\d$/.test(event.code)) {
    key = event.code.replace(/^(Key|Digit|Numpad)/, "").replace("Space", " ").toLowerCase();
  }
  // A control that was reached by Tab keeps its own keys.
  if (at.closest("button, summary") && [" ", "enter"].includes(key)) return;
  if (at.matches("input[type=range]") && /^(arrow|home|end|page)/.test(key)) return;
  if (!state || !state.trial) return;
  const wanted = NAMES[key] || key.toUpperCase();
  const found = keys(text()).find(([names, , action]) => action && names.includes(wanted));
  if (!found) return;
  event.preventDefault();
  if (!event.repeat || HELD.includes(wanted)) found[2](wanted);
}

function click(id, action) {
  $(id).addEventListener("click", (event) => {
    if (event.detail) event.currentTarget.blur();
    action();
  });
}

function wire() {
  click("next", send);
  click("language", () => {
    language = language === "en" ? "zh" : "en";
    keep("localStorage", "language", language);
    if (state && state.trial) $("answers").replaceChildren(...widget.panel(text()));
    show();
  });
  if (SOUND) {
    click("play", togglePlay);
    click("restart", () => player.seek(0));
    click("loop-from", () => player.mark(0));
    click("loop-to", () => player.mark(1));
    click("loop", () => player.loop());
    $("seek").addEventListener("input", (event) => player.seek(Number(event.target.value)));
    $("seek").addEventListener("pointerup", (event) => event.target.blur());
  }
  click("download", () => source.download());
  $("large").addEventListener("click", () => $("large").close());
  $("help").firstElementChild.addEventListener("click", (event) => {
    if (event.detail) event.currentTarget.blur();
  });
  $("join").addEventListener("submit", async (event) => {
    event.preventDefault();
    const rater = $("name").value.trim();
    if (!rater) return;
    fail("");
    try {
      await begin(rater);
      keep("localStorage", "rater", rater);
    } catch (problem) {
      fail(problem.words || problem.message);
    }
  });
  document.addEventListener("keydown", pressed);
  setInterval(tick, TICK_MS);
  show();
}

start();
