import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ChatState } from "../chat/state";
import type { Source } from "../protocol/frames";
import { attachable, Composer } from "./Composer";
import { Context, useSurroundings } from "./context";
import { trapTab } from "./focus";
import { Header } from "./Header";
import { ClipIcon } from "./icons";
import { SourcePanel } from "./SourcePanel";
import { StatusLine } from "./StatusLine";
import { Transcript } from "./Transcript";
import { useFullScreen, usePhone } from "./viewport";

interface Shown {
  sources: readonly Source[];
  index: number;
  from: HTMLElement | null;
}

export function Panel({ state, close }: { state: ChatState; close: () => void }): JSX.Element {
  const surroundings = useSurroundings();
  const { chat, settings, language } = surroundings;
  const phone = usePhone();
  const panel = useRef<HTMLElement>(null);
  const [shown, setShown] = useState<Shown | null>(null);
  const [focusKey, setFocusKey] = useState(0);
  useFullScreen(state.open && phone, () => panel.current);
  useEffect(() => {
    if (!state.open) return;
    // A touch keyboard over the greeting would be rude; elsewhere the cursor waits in the field.
    if (matchMedia("(pointer: coarse)").matches) panel.current?.focus({ preventScroll: true });
    else setFocusKey((key) => key + 1);
  }, [state.open]);
  const hideSource = (): void => {
    shown?.from?.focus();
    setShown(null);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === "Tab" && phone) trapTab(event, panel.current!);
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    if (shown) hideSource();
    else close();
  };
  const drop = useDrop(attachable(state), (files) => chat.uploads.add(files));
  const showSource = (sources: readonly Source[], index: number): void =>
    setShown({ sources, index, from: (panel.current?.getRootNode() as ShadowRoot).activeElement as HTMLElement | null });
  return (
    <section
      ref={panel}
      class={`panel${state.open ? " open" : ""}`}
      role="dialog"
      aria-label={settings.title ?? state.config?.company ?? language.t("title")}
      aria-modal={phone}
      inert={!state.open}
      tabIndex={-1}
      data-testid="panel"
      onKeyDown={key}
      {...drop.handlers}
    >
      <Context.Provider value={{ ...surroundings, showSource }}>
        <div class="main" inert={shown !== null}>
          <Header state={state} close={close} />
          <StatusLine state={state} />
          <Transcript state={state} />
          <Composer state={state} focusKey={focusKey} />
        </div>
        {shown && <SourcePanel {...shown} turn={(index) => setShown({ ...shown, index })} close={hideSource} />}
      </Context.Provider>
      {drop.over && (
        <div class="drop" aria-hidden="true">
          <ClipIcon />
          {language.t("dropHere")}
        </div>
      )}
    </section>
  );
}

/** Files dragged over the panel. Text and pictures of the page itself are not files and pass by. */
function useDrop(enabled: boolean, dropped: (files: FileList) => void) {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  const ours = (event: DragEvent): boolean => enabled && !!event.dataTransfer?.types.includes("Files");
  const move = (step: number) => (event: DragEvent): void => {
    if (!ours(event)) return;
    depth.current = Math.max(0, depth.current + step);
    setOver(depth.current > 0);
  };
  const handlers = {
    onDragEnter: move(1),
    onDragLeave: move(-1),
    onDragOver: (event: DragEvent) => ours(event) && event.preventDefault(),
    onDrop: (event: DragEvent) => {
      if (!ours(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      if (event.dataTransfer?.files.length) dropped(event.dataTransfer.files);
    },
  };
  return { over, handlers };
}
