import { Problem } from "../connection/problem";
import type { Attachment } from "../protocol/frames";

/** Sends one file; XMLHttpRequest because `fetch` reports no upload progress. */
export function upload(
  url: string,
  token: string,
  file: File,
  progress: (share: number) => void,
): { cancel: () => void; done: Promise<Attachment> } {
  const request = new XMLHttpRequest();
  const done = new Promise<Attachment>((resolve, reject) => {
    const body = new FormData();
    body.append("file", file);
    request.open("POST", url);
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.onerror = () => reject(new Problem());
    request.onload = () => {
      const { status, responseText } = request;
      if (status === 200) resolve(JSON.parse(responseText) as Attachment);
      else reject(Problem.from(status, responseText));
    };
    request.send(body);
  });
  return { cancel: () => request.abort(), done };
}
