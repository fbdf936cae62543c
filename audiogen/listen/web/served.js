/* Where the questions come from and the answers go: the programme that serves this page. */
class Source {
  constructor() {
    this.place = `key ${location.pathname}`;
    this.key = kept("sessionStorage", this.place);
  }

  /* The state of a sitting; null: a name is needed. Who closed the browser goes on under the same name. */
  async begin(rater) {
    if (rater !== null) this.key = kept("localStorage", `${this.place} ${rater}`);
    if (this.key) {
      try {
        const state = await this.ask(`${this.key}/state`);
        keep("sessionStorage", this.place, this.key);
        return state;
      } catch (problem) {
        if (problem.status !== 404) throw problem; // the programme was started again
        this.key = null;
      }
    }
    if (rater === null && TEST.ask_name) return null;
    this.key = (await this.ask("join", { rater: rater || "" })).key;
    keep("sessionStorage", this.place, this.key);
    if (rater !== null) keep("localStorage", `${this.place} ${rater}`, this.key);
    return this.ask(`${this.key}/state`);
  }

  answer(row) {
    return this.ask(`${this.key}/answer`, row);
  }

  /* The bytes of a stimulus. */
  async read(name) {
    const response = await fetch(this.address(name), { cache: "no-store" });
    if (!response.ok) throw new Error((await response.json()).error);
    return response.arrayBuffer();
  }

  address(name) {
    return `${this.key}/file/${name}`;
  }

  async ask(place, body) {
    const given = body && { method: "POST", body: JSON.stringify(body) };
    let response;
    try {
      response = await fetch(place, { cache: "no-store", ...given });
    } catch (problem) {
      throw Object.assign(new Error(), { words: text().gone });
    }
    const value = await response.json();
    if (!response.ok) throw Object.assign(new Error(), { words: value.error, status: response.status });
    return value;
  }
}
