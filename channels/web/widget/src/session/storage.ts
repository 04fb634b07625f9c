/** What the widget keeps on this device. Falls back to memory where the browser blocks storage. */
export class Storage {
  private readonly area: globalThis.Storage | null;
  private readonly memory = new Map<string, string>();

  constructor(
    private readonly prefix: string,
    open: () => globalThis.Storage = () => localStorage,
  ) {
    this.area = probe(open, prefix);
  }

  get<T>(key: string): T | null {
    const name = this.prefix + key;
    try {
      const raw = this.memory.get(name) ?? this.area?.getItem(name) ?? null;
      return raw === null ? null : (JSON.parse(raw) as T);
    } catch {
      return null;
    }
  }

  set(key: string, value: unknown): void {
    const name = this.prefix + key;
    const raw = JSON.stringify(value);
    try {
      if (!this.area) throw new Error("no storage");
      this.area.setItem(name, raw);
      this.memory.delete(name);
    } catch {
      // Blocked or full: the value still lives as long as the page.
      this.memory.set(name, raw);
    }
  }

  remove(key: string): void {
    this.memory.delete(this.prefix + key);
    try {
      this.area?.removeItem(this.prefix + key);
    } catch {
      // Nothing stored, nothing to remove.
    }
  }

  /** The keys (without this storage's prefix) that begin with `start`. */
  keys(start: string): string[] {
    const full = this.prefix + start;
    const names = new Set(this.memory.keys());
    try {
      for (let i = 0; i < (this.area?.length ?? 0); i++) names.add(this.area!.key(i) ?? "");
    } catch {
      // Only what is in memory, then.
    }
    return [...names].filter((name) => name.startsWith(full)).map((name) => name.slice(this.prefix.length));
  }

  /** Calls back when another tab changes a key; answers how to stop listening. */
  watch(changed: (key: string, removed: boolean) => void): () => void {
    const listen = (event: StorageEvent): void => {
      if (event.key?.startsWith(this.prefix)) changed(event.key.slice(this.prefix.length), event.newValue === null);
    };
    addEventListener("storage", listen);
    return () => removeEventListener("storage", listen);
  }
}

function probe(open: () => globalThis.Storage, prefix: string): globalThis.Storage | null {
  try {
    const area = open();
    area.setItem(`${prefix}?`, "");
    area.removeItem(`${prefix}?`);
    return area;
  } catch {
    return null;
  }
}
