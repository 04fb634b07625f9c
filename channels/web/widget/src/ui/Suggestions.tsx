import { h, type JSX } from "preact";
import { forwardIcon } from "./icons";
import type { Ui } from "./ui";

/** Things to say with one press. */
export const suggestions = ({ chat }: Ui, said: string[], testid: string): JSX.Element => (
  <ul>
    {said.map((text) => (
      <li>
        <button type="button" data-testid={testid} onClick={() => chat.send(text)}>
          <span dir="auto">{text}</span>
          {forwardIcon()}
        </button>
      </li>
    ))}
  </ul>
);
