import type { Storage } from "../session/storage";

const KEY = "sound";
const SECONDS = 0.4;

/** Two soft tones for a new message. Off until the customer switches it on; kept on this device. */
export class Sound {
  private playing = false;

  constructor(
    private readonly storage: Storage,
    private readonly changed: () => void,
  ) {}

  get on(): boolean {
    return !!this.storage.get(KEY);
  }

  toggle(): void {
    this.storage.set(KEY, !this.on);
    this.play();
    this.changed();
  }

  /** Once at a time. A browser allows no sound before the first press on the page, and a late one would tell of nothing. */
  play(): void {
    if (!this.on || this.playing || !navigator.userActivation?.hasBeenActive) return;
    this.playing = true;
    const context = new AudioContext();
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = 660;
    tone.frequency.setValueAtTime(880, SECONDS / 3);
    volume.gain.setValueAtTime(0.1, 0);
    volume.gain.linearRampToValueAtTime(0, SECONDS);
    tone.connect(volume).connect(context.destination);
    tone.onended = () => {
      this.playing = false;
      void context.close();
    };
    tone.start();
    tone.stop(SECONDS);
  }
}
