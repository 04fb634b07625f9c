import { Problem } from "../connection/problem";
import type { Attachment } from "../protocol/frames";

/** Sends one file; XMLHttpRequest because `fetch` reports no upload progress. Answers how to cancel. */
export function upload(
  url: string,
  token: string,
  file: File,
  events: { progress(share: number): void; done(attachment: Attachment): void; failed(problem: Problem): void },
): () => void {
  const request = new XMLHttpRequest();
  const body = new FormData();
  body.append("file", file, file.name);
  request.open("POST", url);
  request.setRequestHeader("authorization", `Bearer ${token}`);
  request.upload.onprogress = (event) => event.lengthComputable && events.progress(event.loaded / event.total);
  request.onerror = request.ontimeout = () => events.failed(new Problem(0, "offline"));
  request.onload = () => {
    const { status, responseText } = request;
    try {
      if (status >= 300 || !status) throw Problem.from(status, responseText, null);
      events.done(JSON.parse(responseText) as Attachment);
    } catch (error) {
      events.failed(Problem.of(error));
    }
  };
  request.send(body);
  return () => request.abort();
}
