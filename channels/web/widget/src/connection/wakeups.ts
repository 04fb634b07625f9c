import { listen } from "../listen";

const TICK_MS = 5000;
/** A tick this late means that the machine slept (or the tab was frozen), so the connection may be dead without having said so. */
const GAP_MS = 15_000;

/** Calls back whenever the connection deserves a doubt; answers how to stop. */
export function watchWakeups(wake: () => void): () => void {
  let last = Date.now();
  const timer = setInterval(() => {
    if (Date.now() - last > GAP_MS) wake();
    last = Date.now();
  }, TICK_MS);
  const stop = listen(
    [
      [document, "visibilitychange"],
      [window, "online"],
      [window, "pageshow"],
    ],
    wake,
  );
  return () => {
    clearInterval(timer);
    stop();
  };
}
