/** Says that the page shows another node than the one that it was opened for, or none. */

import type { JSX } from "preact";
import { type Listening, moveWords } from "./moves.js";

/** @param node the name of the node that is listened to, where it has said so */
export function MoveBanner({ listening, node }: { listening: Listening; node: string | undefined }): JSX.Element {
  const words = moveWords(listening, node);
  return (
    <div role="status" class={words === undefined ? "" : "banner"}>
      {words !== undefined && (
        <p>
          <span aria-hidden="true">▲</span> {words}
        </p>
      )}
    </div>
  );
}
