import { h, type JSX } from "preact";
import { forwardIcon } from "./icons";
import type { Ui } from "./ui";

/** Things to say with one press. */
export const suggestions = ({ chat }: Ui, said: string[], testid: string, numbered?: boolean): JSX.Element => (
  <ul>
    {said.map((text, i) => (
      <li>
        <button type="button" data-testid={testid} onClick={() => chat.send(text)}>
          <span dir="auto">
            {numbered && `${i + 1}. `}
            {text}
          </span>
          {forwardIcon()}
        </button>
      </li>
    ))}
  </ul>
);
