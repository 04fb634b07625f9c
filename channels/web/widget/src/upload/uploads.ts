import type { Credentials } from "../connection/api";
import { Problem } from "../connection/problem";
import type { Attachment, SessionConfig } from "../protocol/frames";
import { upload } from "./upload";

export interface Upload {
  key: number;
  file: File;
  progress: number;
  state: "uploading" | "done" | "failed";
  reason?: string;
  attachment?: Attachment;
  cancel?: () => void;
}

export interface Uploader {
  readonly session: (Credentials & { config: SessionConfig }) | null;
  lose(status: number): void;
  changed(): void;
}

/** The files beside the message being written. */
export class Uploads {
  list: Upload[] = [];
  private next = 1;

  constructor(
    /** Where files go, and where the paths of their links lead. */
    readonly origin: string,
    private readonly owner: Uploader,
  ) {}

  add(files: Iterable<File>): void {
    for (const file of files) {
      const item: Upload = { key: this.next++, file, progress: 0, state: "uploading" };
      this.list.push(item);
      void this.start(item);
    }
  }

  retry(item: Upload): void {
    void this.start(Object.assign(item, { progress: 0, state: "uploading" }));
  }

  /** Stops an upload, or takes a finished file off the message. */
  cancel(item: Upload): void {
    item.cancel?.();
    this.list = this.list.filter((other) => other !== item);
    this.owner.changed();
  }

  clear(): void {
    for (const item of this.list) this.cancel(item);
  }

  get busy(): boolean {
    return this.list.some((item) => item.state === "uploading");
  }

  /** What is ready to be sent, taken out of the list; failed ones stay for a retry. */
  take(): Attachment[] {
    const ready = this.list.flatMap((item) => item.attachment ?? []);
    this.list = this.list.filter((item) => !item.attachment);
    return ready;
  }

  private async start(item: Upload): Promise<void> {
    const { owner } = this;
    const { session } = owner;
    const edit = (change: Partial<Upload>): void => {
      Object.assign(item, change);
      owner.changed();
    };
    try {
      if (!session) throw new Problem();
      const reason = refusal(item.file, session.config);
      if (reason) throw new Problem(400, reason);
      const { cancel, done } = upload(
        `${this.origin}/api/sessions/${session.session_id}/attachments`,
        session.token,
        item.file,
        (progress) => edit({ progress }),
      );
      edit({ cancel });
      edit({ attachment: await done, state: "done" });
    } catch (error) {
      const { sessionLost, status, code } = Problem.of(error);
      edit({ state: "failed", reason: code });
      if (sessionLost) owner.lose(status);
    }
  }
}

/** Why a file need not even be sent, as an error code; undefined when it may: what it is, the server sees best. */
export function refusal({ size }: { size: number }, { max_attachment_bytes }: SessionConfig): string | undefined {
  return size ? (size > max_attachment_bytes ? "too_large" : undefined) : "empty_file";
}
