/* Where the questions come from and the answers go: this file itself. The answers stay in the browser's store
   until they are downloaded and sent to whoever gave the test; what they mean is not known here. */
const STATIC = JSON.parse(document.getElementById("static").textContent);

class Source {
  async begin(rater) {
    if (rater === null) return null;
    this.place = `listen ${STATIC.test} ${rater}`;
    let own = null;
    try {
      own = JSON.parse(kept("localStorage", this.place));
    } catch (problem) { /* nothing is kept, or it is damaged */ }
    const whole = own && Array.isArray(own.answers) && STATIC.plans[own.plan];
    const drawn = crypto.getRandomValues(new Uint32Array(1))[0] % STATIC.plans.length;
    this.own = whole ? own : { rater, plan: drawn, answers: [] };
    return this.state();
  }

  state() {
    const plan = STATIC.plans[this.own.plan];
    const given = new Set(this.own.answers.map((row) => row.trial));
    const trial = plan.find((one) => !given.has(one.id)) || null;
    return { rater: this.own.rater, done: given.size, total: plan.length, trial };
  }

  async answer(row) {
    const kinds = { sealed: STATIC.test, plan: this.own.plan, rater: this.own.rater };
    this.own.answers.push({ ...kinds, ...row, time: new Date().toISOString() });
    this.unsafe = !keep("localStorage", this.place, JSON.stringify(this.own));
    return this.state();
  }

  async read(name) {
    const coded = STATIC.files[name].split(",")[1];
    return Uint8Array.from(atob(coded), (character) => character.charCodeAt(0)).buffer;
  }

  address(name) {
    return STATIC.files[name];
  }

  /* One line of JSON per answer, as a file. */
  download() {
    const lines = this.own.answers.map((row) => `${JSON.stringify(row)}\n`);
    const url = URL.createObjectURL(new Blob(lines, { type: "application/x-ndjson" }));
    const name = `${STATIC.name}-${this.own.rater.replace(/[^\p{L}\p{N}]+/gu, "-")}.jsonl`;
    Object.assign(document.createElement("a"), { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}
