/* Sounds of equal length that run together, one of them heard.

   All sources start at the same sample of the audio clock; switching moves two gains along straight lines that
   sum to one, so nothing is late, doubled or clicks. Times are seconds of the audio clock: what was not played
   is not counted as heard. */
const FADE_S = 0.008;
const AHEAD_S = 0.03;
const SHORTEST_LOOP_S = 0.2;

class Player {
  /* read(name) gives the bytes of a sound. */
  constructor(onchange, read) {
    this.onchange = onchange;
    this.read = read;
    this.context = null;
    this.labels = [];
    this.sources = null; // while the clock runs
    this.heard = {};
    this.playing = false;
    this.offset = 0;
    this.duration = 0;
    this.switches = 0;
    this.region = null; // [from, to] of a loop
    this.looping = false;
  }

  /* sounds: {label: name}; stops what was there. */
  async load(sounds, heard = {}, switches = 0) {
    this.stop();
    this.duration = 0;
    this.region = null;
    this.looping = false;
    this.context = this.context || new AudioContext();
    const labels = Object.keys(sounds);
    const buffers = await Promise.all(labels.map(async (label) =>
      this.context.decodeAudioData(await this.read(sounds[label]))));
    this.labels = labels;
    this.buffers = buffers;
    this.offset = 0;
    this.duration = buffers[0].duration;
    this.active = labels[0];
    this.heard = Object.fromEntries(labels.map((label) => [label, heard[label] || 0]));
    this.switches = switches;
  }

  /* Seconds since play began. */
  get gone() {
    return this.sources ? Math.max(0, this.context.currentTime - this.startedAt) : 0;
  }

  get position() {
    if (!this.sources) return this.offset;
    const at = this.offset + this.gone;
    if (!this.looping) return Math.min(this.duration, at);
    const [from, to] = this.region;
    return at < to ? at : from + ((at - from) % (to - from));
  }

  async play() {
    if (this.playing || !this.duration) return;
    this.playing = true; // before the wait: a second press pauses
    await this.context.resume();
    if (!this.playing || this.sources) return;
    if (this.looping && (this.offset < this.region[0] || this.offset >= this.region[1])) this.offset = this.region[0];
    const start = this.context.currentTime + AHEAD_S;
    this.master = new GainNode(this.context, { gain: this.offset ? 0 : 1 });
    this.master.connect(this.context.destination);
    this.master.gain.setValueAtTime(this.master.gain.value, start);
    this.master.gain.linearRampToValueAtTime(1, start + FADE_S);
    this.gains = {};
    const loop = this.looping ? { loop: true, loopStart: this.region[0], loopEnd: this.region[1] } : {};
    this.sources = this.buffers.map((buffer, k) => {
      const label = this.labels[k];
      const gain = new GainNode(this.context, { gain: label === this.active ? 1 : 0 });
      const source = new AudioBufferSourceNode(this.context, { buffer, ...loop });
      source.connect(gain).connect(this.master);
      source.start(start, this.offset);
      this.gains[label] = gain;
      return source;
    });
    this.startedAt = start;
    this.counted = 0;
    const mine = this.sources;
    mine[0].onended = () => {
      if (this.sources !== mine) return;
      this.count(this.duration - this.offset);
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
    await this.again(() => {
      this.offset = Math.min(Math.max(0, position), Math.max(0, this.duration - FADE_S));
    });
  }

  /* One end of the loop, 0 or 1, goes to where it plays now. */
  async mark(end) {
    const region = this.region || [0, this.duration];
    region[end] = this.position;
    if (region[1] - region[0] < SHORTEST_LOOP_S) region[1 - end] = end ? 0 : this.duration;
    if (region[1] - region[0] < SHORTEST_LOOP_S) return;
    await this.again(() => {
      this.region = region;
      this.looping = true;
    });
  }

  async loop() {
    await this.again(() => {
      this.region = this.region || [0, this.duration];
      this.looping = !this.looping;
    });
  }

  /* A change that begins playing anew if it plays. */
  async again(change) {
    const goOn = this.playing;
    this.stop();
    if (this.duration) change();
    if (goOn) await this.play();
    this.onchange();
  }

  hear(label) {
    if (!this.duration || label === this.active || !this.labels.includes(label)) return;
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
  count(gone = this.looping ? this.gone : Math.min(this.gone, this.duration - this.offset)) {
    if (!this.sources) return;
    this.heard[this.active] += Math.max(0, gone - this.counted);
    this.counted = gone;
  }
}

/* Pictures: all are seen while they are on the screen; it has the part of a Player that the page needs. */
class Gallery {
  constructor() {
    this.heard = {};
    this.switches = 0;
    this.playing = false;
  }

  async load(pictures, heard = {}, switches = 0) {
    await Promise.all([...document.querySelectorAll("#cards img")].map((image) => image.decode()));
    this.heard = Object.fromEntries(Object.keys(pictures).map((label) => [label, heard[label] || 0]));
    this.switches = switches;
    this.since = performance.now();
    this.playing = true;
  }

  stop() {
    this.count();
    this.playing = false;
  }

  count() {
    const now = performance.now();
    if (this.playing && document.visibilityState === "visible") {
      for (const label of Object.keys(this.heard)) this.heard[label] += (now - this.since) / 1000;
    }
    this.since = now;
  }
}
