import type { Problem } from "../connection/problem";
import type { Attachment, SessionConfig } from "../protocol/frames";
import { upload } from "./upload";

export interface Upload {
  key: number;
  file: File;
  state: "uploading" | "done" | "failed";
  progress: number;
  reason?: string;
  attachment?: Attachment;
}

export interface UploadTarget {
  url: string;
  token: string;
}

/** The files beside the message being written. */
export class Uploads {
  list: readonly Upload[] = [];
  private next = 1;
  private readonly cancels = new Map<number, () => void>();

  constructor(
    private readonly target: () => UploadTarget | null,
    private readonly config: () => SessionConfig | null,
    private readonly changed: () => void,
    private readonly lost: (problem: Problem) => void,
  ) {}

  add(files: Iterable<File>): void {
    for (const file of files) {
      const key = this.next++;
      this.put([...this.list, { key, file, state: "uploading", progress: 0 }]);
      this.start(key, file);
    }
  }

  retry(key: number): void {
    const found = this.list.find((u) => u.key === key);
    if (!found) return;
    this.edit(key, { state: "uploading", progress: 0 });
    this.start(key, found.file);
  }

  /** Stops an upload, or takes a finished file off the message. */
  cancel(key: number): void {
    this.cancels.get(key)?.();
    this.cancels.delete(key);
    this.put(this.list.filter((u) => u.key !== key));
  }

  get busy(): boolean {
    return this.list.some((u) => u.state === "uploading");
  }

  /** What is ready to be sent, taken out of the list; failed ones stay for a retry. */
  take(): Attachment[] {
    const ready = this.list.flatMap((u) => u.attachment ?? []);
    this.put(this.list.filter((u) => !u.attachment));
    return ready;
  }

  clear(): void {
    for (const cancel of this.cancels.values()) cancel();
    this.cancels.clear();
    this.put([]);
  }

  private start(key: number, file: File): void {
    const reason = refusal(file, this.config());
    const target = this.target();
    if (reason || !target) {
      this.edit(key, { state: "failed", reason: reason ?? "offline" });
      return;
    }
    const cancel = upload(target.url, target.token, file, {
      progress: (progress) => this.edit(key, { progress }),
      done: (attachment) => this.edit(key, { state: "done", progress: 1, attachment }),
      failed: (problem) => {
        if (problem.sessionLost) this.lost(problem);
        this.edit(key, { state: "failed", reason: problem.code });
      },
    });
    this.cancels.set(key, cancel);
  }

  private edit(key: number, edit: Partial<Upload>): void {
    if (edit.state && edit.state !== "uploading") this.cancels.delete(key);
    this.put(this.list.map((u) => (u.key === key ? { ...u, ...edit } : u)));
  }

  private put(list: readonly Upload[]): void {
    this.list = list;
    this.changed();
  }
}

/** Why a file need not even be sent, as an error code; null when it may. The server checks again, by content. */
export function refusal(file: { name: string; size: number }, config: SessionConfig | null): string | null {
  if (!file.size) return "empty_file";
  if (!config) return null;
  if (file.size > config.max_attachment_bytes) return "file_too_large";
  const name = file.name.toLowerCase();
  const accept = config.accept ?? [];
  return accept.length && !accept.some((ending) => name.endsWith(ending.toLowerCase())) ? "file_type" : null;
}
