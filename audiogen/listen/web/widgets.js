/* How an answer is given. Each widget fills in `answer` and knows:
     empty()             the answer before anything was chosen
     card(label, t)      what stands beside a stimulus, or nothing
     panel(t)            what stands below all, a list of nodes
     show(t)             what changes with the answer
     complete()          whether it can be sent
     words(t)            the answer in words
     keys(t)             [[keys], what they do, action] */
const node = (tag, properties = {}, ...inside) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...inside);
  return made;
};
const press = (id, kind, action, ...inside) => {
  const button = node("button", { id, type: "button", className: kind }, ...inside);
  button.addEventListener("click", (event) => {
    if (event.detail) event.currentTarget.blur(); // after the mouse, Space and Enter are the page's again
    action();
  });
  return button;
};

const WIDGETS = {
  /* One of a few buttons; the answer is its value. */
  choices: {
    shown: () => TEST.choices.filter((choice) => !(TEST.forced && choice.value === "none")),
    empty: () => null,
    card: () => null,
    panel() {
      return this.shown().map((choice) => press(`answer-${choice.value}`, "answer", () => choose(choice.value),
        node("kbd", { textContent: choice.keys[0] }), node("span", { textContent: choice[language] })));
    },
    show() {
      for (const { value } of this.shown()) {
        $(`answer-${value}`).setAttribute("aria-pressed", String(answer === value));
        $(`answer-${value}`).setAttribute("aria-disabled", String(early()));
      }
    },
    complete: () => answer !== null,
    words: (t) => t.chosen(TEST.choices.find((choice) => choice.value === answer)[language]),
    missing: (t) => t.choose,
    keys() {
      return this.shown().map((choice) => [[...choice.keys], choice[language], () => choose(choice.value)]);
    },
    instruction: (t, check) => t.check(TEST.choices.find((choice) => choice.value === check)[language]),
  },

  /* A score of 0 to 100 for every label but the reference; the answer is {label: score}. */
  sliders: {
    labels: () => labels().filter((label) => label !== "R"),
    empty: () => ({}),
    card(label, t) {
      if (label === "R") return null;
      const input = node("input", { type: "range", id: `score-${label}`, min: 0, max: 100, step: 1, value: 50 });
      const set = () => this.set(label, Number(input.value));
      for (const event of ["input", "pointerup", "keyup"]) {
        input.addEventListener(event, (e) => {
          if (event !== "keyup" || /^(Arrow|Page|Home|End)/.test(e.key)) set();
        });
      }
      return node("div", { className: "score" }, input, node("output", { id: `value-${label}`, textContent: "–" }));
    },
    set(label, score) {
      if (busy) return;
      answer = { ...answer, [label]: score };
      show();
    },
    panel: () => [],
    show(t) {
      for (const label of this.labels()) {
        const score = answer[label];
        const input = $(`score-${label}`);
        if (score !== undefined && Number(input.value) !== score) input.value = score;
        input.setAttribute("aria-label", t.score(label));
        const band = t.bands[Math.min(4, Math.floor((score || 0) / 20))];
        input.setAttribute("aria-valuetext", score === undefined ? t.noScore : `${score}, ${band}`);
        input.classList.toggle("unset", score === undefined);
        put($(`value-${label}`), score === undefined ? "–" : String(score));
      }
    },
    complete() {
      return this.labels().every((label) => answer[label] !== undefined);
    },
    sent() {
      return Object.fromEntries(this.labels().map((label) => [label, answer[label]]));
    },
    words: (t) => t.allScored,
    missing(t) {
      return t.scoreFirst(list(this.labels().filter((label) => answer[label] === undefined)));
    },
    /* By the keys it moves the score of the one that is heard. */
    keys(t) {
      const by = { "↑": 1, "↓": -1, PgUp: 10, PgDn: -10 };
      const move = (key) => {
        const label = player.active;
        if (!this.labels().includes(label) || missing().includes(label)) return;
        const score = answer[label] === undefined ? 50 : answer[label];
        this.set(label, Math.min(100, Math.max(0, score + by[key])));
      };
      return [[Object.keys(by), t.move, move]];
    },
    instruction: () => "",
  },

  /* All labels from best to worst; the answer is the list of them. */
  ranks: {
    empty: () => [],
    card(label) {
      return press(`rank-${label}`, "answer rank", () => this.toggle(label));
    },
    toggle(label) {
      if (busy || early()) return show();
      answer = answer.includes(label) ? answer.filter((other) => other !== label) : [...answer, label];
      show();
    },
    panel: () => [],
    show(t) {
      labels().forEach((label, k) => {
        const place = answer.indexOf(label);
        const button = $(`rank-${label}`);
        const key = node("kbd", { textContent: String(k + 1) });
        button.replaceChildren(...(place < 0 ? [key, t.rank] : [t.ranked(place + 1)]));
        button.setAttribute("aria-pressed", String(place >= 0));
        button.setAttribute("aria-label", place < 0 ? t.rankOf(label) : `${label}: ${t.ranked(place + 1)}`);
        button.setAttribute("aria-disabled", String(early()));
      });
    },
    complete: () => answer.length === labels().length,
    words: (t) => t.order(answer),
    missing: (t) => (answer.length ? t.order(answer) : t.rankFirst),
    keys(t) {
      const shown = labels().slice(0, 9);
      return [[shown.map((label, k) => String(k + 1)), t.rankOf(list(shown)), (key) => this.toggle(shown[key - 1])]];
    },
    instruction: (t, check) => t.checkRank(check),
  },
};
