/** Listens to several events at once; answers how to stop. */
export function listen(targets: [EventTarget | null, string][], listener: (event: Event) => void): () => void {
  for (const [target, name] of targets) target?.addEventListener(name, listener);
  return () => {
    for (const [target, name] of targets) target?.removeEventListener(name, listener);
  };
}
