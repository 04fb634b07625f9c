const TICK_MS = 5000;
/** A tick this late means that the machine slept (or the tab was frozen), so the connection may be dead without having said so. */
const GAP_MS = 15_000;

/** Calls back whenever the connection deserves a doubt; answers how to stop. */
export function watchWakeups(wake: (certain: boolean) => void): () => void {
  let last = Date.now();
  const timer = setInterval(() => {
    const gap = Date.now() - last;
    last = Date.now();
    if (gap > GAP_MS) wake(true);
  }, TICK_MS);
  const visible = (): void => {
    if (document.visibilityState === "visible") wake(false);
  };
  const online = (): void => wake(true);
  const shown = (event: PageTransitionEvent): void => {
    if (event.persisted) wake(true);
  };
  document.addEventListener("visibilitychange", visible);
  addEventListener("online", online);
  addEventListener("pageshow", shown);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", visible);
    removeEventListener("online", online);
    removeEventListener("pageshow", shown);
  };
}
