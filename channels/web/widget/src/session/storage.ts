/** What the widget keeps on this device. Where the browser blocks storage or it is full, it lives as long as the page. */
export class Storage {
  private area: Record<string, string> = {};

  constructor(
    readonly prefix: string,
    open: () => globalThis.Storage = () => localStorage,
  ) {
    try {
      const area = open();
      area.setItem(prefix, "");
      area.removeItem(prefix);
      this.area = area;
    } catch {
      // Memory, then.
    }
  }

  get<T>(key: string): T | null {
    try {
      return JSON.parse(this.area[this.prefix + key] ?? "null") as T | null;
    } catch {
      return null;
    }
  }

  set(key: string, value: unknown): void {
    const text = JSON.stringify(value);
    try {
      this.area[this.prefix + key] = text;
    } catch {
      this.area = { ...this.area, [this.prefix + key]: text };
    }
  }

  remove(key: string): void {
    delete this.area[this.prefix + key];
  }

  /** The keys (without this storage's prefix) that begin with `start`. */
  keys(start: string): string[] {
    const { prefix } = this;
    return Object.keys(this.area)
      .filter((name) => name.startsWith(prefix + start))
      .map((name) => name.slice(prefix.length));
  }
}
