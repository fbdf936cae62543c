/* Sounds of equal length that run together, one of them heard.

   All sources start at the same sample of the audio clock; switching moves two gains along straight lines that
   sum to one, so nothing is late, doubled or clicks. Times are seconds of the audio clock: what was not played
   is not counted as heard. */
const FADE_S = 0.008;
const AHEAD_S = 0.03;

class Player {
  constructor(onchange) {
    this.onchange = onchange;
    this.context = null;
    this.labels = [];
    this.sources = null; // while the clock runs
    this.heard = {};
    this.playing = false;
    this.offset = 0;
    this.duration = 0;
    this.switches = 0;
  }

  /* sounds: {label: address}; stops what was there. */
  async load(sounds, heard = {}, switches = 0) {
    this.stop();
    this.duration = 0;
    this.context = this.context || new AudioContext();
    const labels = Object.keys(sounds);
    const buffers = await Promise.all(labels.map((label) => this.fetch(sounds[label])));
    this.labels = labels;
    this.buffers = buffers;
    this.offset = 0;
    this.duration = buffers[0].duration;
    this.active = labels[0];
    this.heard = Object.fromEntries(labels.map((label) => [label, heard[label] || 0]));
    this.switches = switches;
  }

  async fetch(address) {
    const response = await fetch(address, { cache: "no-store" });
    if (!response.ok) throw new Error((await response.json()).error);
    return this.context.decodeAudioData(await response.arrayBuffer());
  }

  get position() {
    if (!this.sources) return this.offset;
    const gone = Math.max(0, this.context.currentTime - this.startedAt);
    return Math.min(this.duration, this.offset + gone);
  }

  async play() {
    if (this.playing || !this.duration) return;
    this.playing = true; // before the wait: a second press pauses
    await this.context.resume();
    if (!this.playing || this.sources) return;
    const start = this.context.currentTime + AHEAD_S;
    this.master = new GainNode(this.context, { gain: this.offset ? 0 : 1 });
    this.master.connect(this.context.destination);
    this.master.gain.setValueAtTime(this.master.gain.value, start);
    this.master.gain.linearRampToValueAtTime(1, start + FADE_S);
    this.gains = {};
    this.sources = this.buffers.map((buffer, k) => {
      const label = this.labels[k];
      const gain = new GainNode(this.context, { gain: label === this.active ? 1 : 0 });
      const source = new AudioBufferSourceNode(this.context, { buffer });
      source.connect(gain).connect(this.master);
      source.start(start, this.offset);
      this.gains[label] = gain;
      return source;
    });
    this.startedAt = start;
    this.counted = this.offset;
    const mine = this.sources;
    mine[0].onended = () => {
      if (this.sources !== mine) return;
      this.count(this.duration);
      this.stop();
      this.offset = 0;
      this.onchange();
    };
    this.onchange();
  }

  /* Stops where it is; the end is faded so that it does not click. */
  stop() {
    if (!this.playing) return;
    this.count();
    this.offset = this.position;
    this.playing = false;
    if (!this.sources) return; // the clock had not begun
    const now = this.context.currentTime;
    this.master.gain.cancelScheduledValues(now);
    this.master.gain.setValueAtTime(this.master.gain.value, now);
    this.master.gain.linearRampToValueAtTime(0, now + FADE_S);
    for (const source of this.sources) source.stop(now + 2 * FADE_S);
    this.sources = null;
  }

  async seek(position) {
    const goOn = this.playing;
    this.stop();
    this.offset = Math.min(Math.max(0, position), Math.max(0, this.duration - FADE_S));
    if (goOn) await this.play();
    this.onchange();
  }

  hear(label) {
    if (!this.duration || label === this.active) return;
    this.count();
    this.active = label;
    this.switches += 1;
    if (this.sources) {
      const now = this.context.currentTime;
      for (const [name, { gain }] of Object.entries(this.gains)) {
        gain.cancelScheduledValues(now);
        gain.setValueAtTime(gain.value, now);
        gain.linearRampToValueAtTime(name === label ? 1 : 0, now + FADE_S);
      }
    }
    this.onchange();
  }

  /* Add what was played since the last count to the sound that was heard. */
  count(position = this.position) {
    if (!this.sources) return;
    this.heard[this.active] += Math.max(0, position - this.counted);
    this.counted = position;
  }
}
