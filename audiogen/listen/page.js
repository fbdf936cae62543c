/* The A/B page: what is asked, the keys, and sending the answer. The server keeps the state; a draft of the
   open trial stays in this tab, so that a reload loses nothing. */
const LABELS = ["A", "B"];
const ANSWERS = ["A", "none", "B"];
const SHAPES = { play: "M7 4.5v15l13-7.5z", pause: "M6 5h4.2v14H6zM13.8 5H18v14h-4.2z" };
const TICK_MS = 100;

const $ = (id) => document.getElementById(id);
const player = new Player(() => show());
let language = kept("localStorage", "language") || (navigator.language.startsWith("zh") ? "zh" : "en");
let state = null; // as the server sent it
let answer = null;
let busy = ""; // "loading", "saving" or ""
let secondsBefore = 0; // spent on this trial before a reload
let since = 0; // when the trial was shown

const text = () => TEXTS[language];
const missing = () => LABELS.filter((label) => (player.heard[label] || 0) < state.trial.minimum_s);
const seconds = () => secondsBefore + (performance.now() - since) / 1000;

async function start() {
  wire();
  try {
    enter(await ask("state"));
  } catch (problem) {
    fail(problem.words || text().gone);
  }
}

async function ask(place, body) {
  const given = body && { method: "POST", body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(place, { cache: "no-store", ...given });
  } catch (problem) {
    throw Object.assign(new Error(), { words: text().gone });
  }
  const value = await response.json();
  if (!response.ok) throw Object.assign(new Error(), { words: value.error });
  return value;
}

/* A new state: the next trial, or the end. */
async function enter(next) {
  state = next;
  answer = null;
  fail("");
  if (!state.trial) {
    player.stop();
    show();
    $("end-title").focus();
    return;
  }
  const draft = readDraft();
  answer = draft.answer || null;
  $("comment").value = draft.comment || "";
  $("comment").maxLength = state.comment_length;
  secondsBefore = draft.seconds || 0;
  since = performance.now();
  busy = "loading";
  player.duration = 0;
  player.heard = {};
  show();
  $("question").focus({ preventScroll: true });
  const addresses = LABELS.map((label) => [label, `sound/${state.trial.sounds[label]}`]);
  try {
    await player.load(Object.fromEntries(addresses), draft.heard, draft.switches);
    busy = "";
  } catch (problem) {
    fail(text().noSound + problem.message);
  }
  show();
}

function choose(which) {
  if (busy || !state.trial || (which === "none" && state.forced)) return;
  if (!missing().length) answer = which;
  show();
}

async function send() {
  if (busy || !state.trial || !answer || missing().length) return show();
  player.stop();
  busy = "saving";
  fail("");
  show();
  const row = {
    trial: state.trial.id, answer, listened_s: player.heard, switches: player.switches, seconds: seconds(),
    comment: $("comment").value,
  };
  try {
    const next = await ask("answer", row);
    busy = "";
    await enter(next);
  } catch (problem) {
    busy = "";
    fail(text().notSaved + (problem.words || problem.message) + text().tryAgain);
    show();
  }
}

/* Everything that depends on the state, the player or the language. */
function show() {
  const t = text();
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.title = t.title;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t[node.dataset.text];
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t[node.dataset.label]);
  }
  $("language").textContent = t.other;
  $("language").setAttribute("aria-label", t.otherLabel);
  if (!state) return;
  $("bar").max = state.total;
  $("bar").value = state.done;
  $("progress").textContent = t.progress(Math.min(state.done + 1, state.total), state.total);
  $("test").hidden = !state.trial;
  $("end").hidden = Boolean(state.trial);
  if (state.trial) showTrial(t);
}

function showTrial(t) {
  $("question").textContent = state.question || t.question;
  showKeys(t);
  showTime();
  const early = busy === "loading" || missing().length > 0;
  for (const which of ANSWERS) {
    $(`answer-${which}`).setAttribute("aria-pressed", String(answer === which));
    $(`answer-${which}`).setAttribute("aria-disabled", String(early));
  }
  $("answer-none").hidden = state.forced;
  $("next").setAttribute("aria-disabled", String(early || !answer || busy !== ""));
  $("next").firstElementChild.textContent = state.done + 1 === state.total ? t.last : t.next;
  $("play").setAttribute("aria-label", player.playing ? t.pause : t.play);
  $("play-shape").setAttribute("d", player.playing ? SHAPES.pause : SHAPES.play);
  $("restart").setAttribute("aria-label", t.restart);
  if (busy) say(t[busy]);
  else if (early) say(t.listenFirst(missing()));
  else say(answer ? t.chosen[answer] : t.choose);
}

/* What moves while it plays. */
function showTime() {
  const t = text();
  for (const label of LABELS) {
    const heard = player.heard[label] || 0;
    const words = heard >= state.trial.minimum_s ? t.heard : heard > 0 ? t.partlyHeard : t.notHeard;
    put($(`heard-${label}`), words);
    $(`hear-${label}`).setAttribute("aria-pressed", String((player.active || "A") === label));
  }
  const clock = `${minutes(player.position)} / ${minutes(player.duration)}`;
  put($("clock"), clock);
  $("seek").max = player.duration || 1;
  $("seek").value = player.position;
  $("seek").setAttribute("aria-valuetext", clock.replace("/", t.of));
}

function showKeys(t) {
  const rows = t.keys.filter(([keys]) => !(state.forced && keys.includes("0")));
  $("keys").replaceChildren(...rows.flatMap(([keys, words]) => {
    const name = document.createElement("dt");
    keys.forEach((key, k) => {
      if (k) name.append(" ");
      name.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    });
    return [name, Object.assign(document.createElement("dd"), { textContent: words })];
  }));
}

function put(node, words) {
  if (node.textContent !== words) node.textContent = words; // a live region speaks only of changes
}

function say(words) {
  put($("status"), words);
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
  const heard = player.heard, switches = player.switches;
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

/* A browser may refuse to keep anything; then nothing is kept. */
function keep(store, name, value) {
  try {
    window[store].setItem(name, value);
  } catch (problem) { /* refused */ }
}

function kept(store, name) {
  try {
    return window[store].getItem(name);
  } catch (problem) {
    return null;
  }
}

const togglePlay = () => {
  if (player.playing) player.stop();
  else player.play();
  show();
};
const KEYS = {
  " ": togglePlay,
  "a": () => player.hear("A"), "arrowleft": () => player.hear("A"),
  "b": () => player.hear("B"), "arrowright": () => player.hear("B"),
  "r": () => player.seek(0),
  "1": () => choose("A"), "2": () => choose("B"), "0": () => choose("none"), "=": () => choose("none"),
  "enter": () => send(),
};

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const at = event.target;
  if (at === $("comment")) {
    if (event.key === "Escape") at.blur();
    return;
  }
  let key = event.key.toLowerCase();
  if (key === "process" || /^(Digit|Numpad)\d$/.test(event.code)) {
    key = event.code.replace(/^(Key|Digit|Numpad)/, "").replace("Space", " ").toLowerCase();
  }
  // A control that was reached by Tab keeps its own keys.
  if (at.closest("button, summary") && [" ", "enter"].includes(key)) return;
  if (at === $("seek") && key.startsWith("arrow")) return;
  if (!KEYS[key]) return;
  event.preventDefault();
  if (!event.repeat && state && state.trial) KEYS[key]();
}

function wire() {
  const actions = {
    "play": togglePlay, "restart": () => player.seek(0), "next": send,
    "hear-A": () => player.hear("A"), "hear-B": () => player.hear("B"),
    "answer-A": () => choose("A"), "answer-B": () => choose("B"), "answer-none": () => choose("none"),
    "language": () => {
      language = language === "en" ? "zh" : "en";
      keep("localStorage", "language", language);
      show();
    },
  };
  for (const [id, action] of Object.entries(actions)) {
    $(id).addEventListener("click", (event) => {
      if (event.detail) event.currentTarget.blur(); // after the mouse, Space and Enter are the page's again
      action();
    });
  }
  $("help").firstElementChild.addEventListener("click", (event) => {
    if (event.detail) event.currentTarget.blur();
  });
  $("seek").addEventListener("input", (event) => player.seek(Number(event.target.value)));
  $("seek").addEventListener("pointerup", (event) => event.target.blur());
  document.addEventListener("keydown", pressed);
  setInterval(tick, TICK_MS);
  show();
}

start();
